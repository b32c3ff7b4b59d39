package media

// ChildArg is the hidden first argument that makes the program act as the child.
const ChildArg = "preview-child"

// ChildMain is the child's whole life. Main calls it before anything else is set up,
// when os.Args[1] is ChildArg, and exits with its code.
func ChildMain(args []string) int { return 2 }
