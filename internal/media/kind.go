package media

// NaturalKind returns the kind of a file of that content type which its owner
// may call by another: what reads like a book counts as a document until a
// person says that it is one; an EPUB or MOBI file always is a book.
func NaturalKind(called, contentType string) string {
	if called != KindBook && called != KindDocument {
		return called
	}
	switch contentType {
	case "application/epub+zip", "application/x-mobipocket-ebook":
		return KindBook
	}
	return KindDocument
}
