package media

import "time"

// Bounds of a child. The server and its children are to stay below 512 MB together,
// so jobs that may take much run alone.
const (
	lightMemory   = 160 << 20 // resident bytes of a child and all it starts, two at a time
	lightDecoded  = 32 << 20  // bytes of a picture decoded within lightMemory
	fullMemory    = 352 << 20 // of one that runs alone
	compileMemory = 448 << 20 // while PDFium is compiled, once a version
	idleMemory    = 120 << 20 // beyond which a child is not kept
	wallTime      = 30 * time.Second
	compileTime   = 3 * time.Minute
	startTime     = 10 * time.Second
	idleTime      = 20 * time.Second
	sampleEvery   = 20 * time.Millisecond
	jobsOfChild   = 100

	cpuSeconds    = 20
	fileBytes     = 20 << 20
	compiledBytes = 64 << 20
	openFiles     = 64
	processes     = 512
)
