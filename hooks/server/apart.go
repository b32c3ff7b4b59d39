package server

// Apart are the entries of the data folder that belong to it and not to the
// library: no backup holds them, and no restore touches them.
func Apart() []string { return []string{spool, cache, certificates, lockName} }
