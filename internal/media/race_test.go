//go:build race

package media

const raceDetected = true
