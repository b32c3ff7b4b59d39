// Package disk tells how much room a volume has, and has what was written reach it.
package disk

// Space is what a volume holds, in bytes.
type Space struct {
	Free uint64 // that this process may still take
	Size uint64
}
