package doctor

import "golang.org/x/sys/unix"

// synchronised tells whether the kernel knows of something that keeps its clock
// in time; true where it does not say.
func synchronised() bool {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err != nil || state != unix.TIME_ERROR
}
