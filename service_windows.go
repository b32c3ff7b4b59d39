package main

import (
	"context"
	"errors"

	"golang.org/x/sys/windows/svc"
)

// serviced runs f, as a service where Windows' service manager started the
// program. Its context ends when the manager tells it to stop, or Windows stops.
func serviced(f func(context.Context) error) error {
	is, err := svc.IsWindowsService()
	if err != nil {
		return err
	}
	if !is {
		return f(context.Background())
	}
	s := &service{run: f}
	return errors.Join(svc.Run("OnLibrary", s), s.err)
}

type service struct {
	run func(context.Context) error
	err error
}

// Execute does what the service manager asks for until run has ended
// (svc.Handler).
func (s *service) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for {
		select {
		case s.err = <-ended:
			if s.err != nil {
				return true, 1 // so that it is started again
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending, WaitHint: 30_000} // milliseconds
				stop()
			}
		}
	}
}
