//go:build !windows

package main

import "context"

// serviced runs f. Elsewhere than on Windows, signals end a service.
func serviced(f func(context.Context) error) error { return f(context.Background()) }
