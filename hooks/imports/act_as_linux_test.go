package imports

import (
	"os/exec"
	"syscall"
)

func actAs(uid, gid int) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
			Pdeathsig:  syscall.SIGKILL, // when the tests are killed
		}
	}
}
