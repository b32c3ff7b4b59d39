package media

import (
	"errors"
	"fmt"
	"os"
)

// places is how many jobs run at a time; one of large need takes them all.
const places = 2

// needOf says how many places a file's job takes, or that there is nothing to do.
func needOf(path string, t Type) (need int64, ok bool, err error) {
	fi, err := os.Stat(path)
	if err != nil {
		return 0, false, err
	}
	if !fi.Mode().IsRegular() {
		return 0, false, fmt.Errorf("%s is not a file", path)
	}
	switch t.Kind {
	case KindVideo:
		return places, true, nil
	case KindImage:
		f, err := os.Open(path)
		if err != nil {
			return 0, false, err
		}
		defer f.Close()
		w, h, err := ImageSize(f, fi.Size())
		if errors.Is(err, errNoSize) {
			return 1, true, nil
		}
		if err != nil {
			return 0, false, err
		}
		// A large JPEG is decoded at an eighth; others take up to 8 bytes a pixel.
		if large := int64(w)*int64(h) > 8_000_000; large && !(t.ContentType == "image/jpeg" && max(w, h) >= eighthSide) {
			return places, true, nil
		}
		return 1, true, nil
	case KindArchive, KindOther:
		return 0, false, nil
	}
	switch t.ContentType {
	case "text/plain", "text/csv", "application/rtf", "application/msword", "application/vnd.ms-excel", "application/x-mobipocket-ebook", "application/vnd.comicbook-rar":
		return 0, false, nil
	}
	return 1, true, nil
}
