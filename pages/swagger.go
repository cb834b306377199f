package pages

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/swaggest/swgui/v5/static"
)

// own are the page around Swagger UI, its start and its style.
//
//go:embed swagger
var own embed.FS

// swaggerPolicy lets Swagger UI run, and call the connector that it came from. It draws with styles and images of its own.
const swaggerPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// An asset is a file of Swagger UI, compressed if the module that it is from has it so.
type asset struct {
	files fs.FS
	name  string
}

// assets by their names below /swagger-ui/.
var assets = map[string]asset{
	"index.html":           {own, "swagger/index.html"},
	"start.js":             {own, "swagger/start.js"},
	"style.css":            {own, "swagger/style.css"},
	"swagger-ui-bundle.js": {static.FS, "swagger-ui-bundle.js.gz"},
	"swagger-ui.css":       {static.FS, "swagger-ui.css.gz"},
	"favicon-32x32.png":    {static.FS, "favicon-32x32.png"},
}

// serveAsset answers a file, compressed where the browser takes it so.
func serveAsset(name string) http.HandlerFunc {
	a := assets[name]
	sent := sync.OnceValue(func() []byte {
		content, err := fs.ReadFile(a.files, a.name)
		if err != nil {
			panic(err) // they are in the binary
		}
		return content
	})
	plain := sync.OnceValue(func() []byte { return gunzip(sent()) })
	return func(w http.ResponseWriter, r *http.Request) {
		content := sent() // which all requests share
		w.Header().Set("Vary", "Accept-Encoding")
		if strings.HasSuffix(a.name, ".gz") {
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				w.Header().Set("Content-Encoding", "gzip")
			} else {
				content = plain()
			}
		}
		http.ServeContent(w, r, path.Base(name), time.Time{}, bytes.NewReader(content))
	}
}

// gunzip returns what a file of the binary was before it was compressed.
func gunzip(content []byte) []byte {
	var plain bytes.Buffer
	in, err := gzip.NewReader(bytes.NewReader(content))
	if err == nil {
		_, err = plain.ReadFrom(in)
	}
	if err != nil {
		panic(err)
	}
	return plain.Bytes()
}
