package disk

import (
	"os"

	"golang.org/x/sys/windows"
)

// Of returns the space of the volume that path, which must exist, lies on.
func Of(path string) (s Space, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err == nil {
		err = windows.GetDiskFreeSpaceEx(name, &s.Free, &s.Size, nil)
	}
	if err != nil {
		return Space{}, &os.PathError{Op: "GetDiskFreeSpaceEx", Path: path, Err: err}
	}
	return s, nil
}
