package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// mailbox is a real mail server that keeps what it is sent.
type mailbox struct {
	server    *exec.Cmd
	smtp, api int // ports
}

// openMailbox starts one, unless its program is missing: then it is nil.
func openMailbox() (*mailbox, error) {
	program := filepath.Join(".cache", "tools", "mailpit")
	if _, err := os.Stat(program); err != nil {
		if program, err = exec.LookPath("mailpit"); err != nil {
			log.Print("mailpit is missing (make need-tools builds it)")
			return nil, nil //nolint:nilerr,nilnil // that is what is told
		}
	}
	smtp, api, err := twoPorts()
	if err != nil {
		return nil, err
	}
	server := exec.Command(program, "--smtp", fmt.Sprint("127.0.0.1:", smtp), "--listen", fmt.Sprint("127.0.0.1:", api),
		"--max", "0", "--smtp-disable-rdns", "--disable-version-check", "--quiet")
	return &mailbox{server, smtp, api}, server.Start()
}

func (m *mailbox) close() error {
	err := m.server.Process.Kill()
	_ = m.server.Wait() // tells that it was killed
	return err
}

// count is how many mails it holds.
func (m *mailbox) count() (total int, err error) {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/v1/messages?limit=1", m.api))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var list struct {
		Total int `json:"total"`
	}
	err = json.NewDecoder(resp.Body).Decode(&list)
	return list.Total, err
}

func twoPorts() (one, two int, err error) {
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}
