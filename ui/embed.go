// Package ui carries the built web app inside the binary. Without a build
// (npm run build) it holds only dist/.gitkeep, and the server says so.
package ui

import "embed"

// DistFS holds the built app under "dist": index.html, its hashed files under
// dist/assets, and what has a fixed name (favicon, manifest).
//
//go:embed all:dist
var DistFS embed.FS
