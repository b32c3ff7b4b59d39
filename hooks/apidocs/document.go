package apidocs

import (
	"maps"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// object is a JSON object.
type object = map[string]any

// describe makes the document of the collections that are not hidden, and of
// the routes beside them.
func describe(all []*core.Collection, version string) object {
	d := &description{
		shown:   map[string]*core.Collection{},
		paths:   object{},
		schemas: sharedSchemas(),
	}
	for _, c := range all {
		if !hidden(c) {
			d.shown[c.Id] = c
		}
	}
	ordered := slices.SortedFunc(maps.Values(d.shown), func(a, b *core.Collection) int { return strings.Compare(a.Name, b.Name) })
	tags := []object{}
	for _, c := range ordered {
		d.addCollection(c)
		tags = append(tags, object{"name": c.Name, "description": aboutCollection(c)})
		if c.IsAuth() {
			for _, r := range signInRoutes(c) {
				d.addRoute(r)
			}
		}
	}
	for _, r := range slices.Concat(ownRoutes(), hostRoutes(ordered)) {
		d.addRoute(r)
	}
	tags = append(tags,
		object{"name": "files", "description": "What documents, avatars and logos consist of."},
		object{"name": "realtime", "description": "Changes as they happen, by server-sent events."},
		object{"name": "server", "description": "The server itself, and this description."},
	)
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "OnLibrary API",
			"version":     version,
			"summary":     "The API of an online library.",
			"description": introduction,
			"license":     object{"name": "MIT", "identifier": "MIT"},
		},
		"servers": []object{{"url": "/", "description": "This library"}},
		"tags":    tags,
		"paths":   d.paths,
		"components": object{
			"schemas":    d.schemas,
			"responses":  refusals(),
			"parameters": sharedParameters(),
			"headers": object{"Retry-After": object{
				"description": "After how many seconds to try again.", "schema": object{"type": "integer", "minimum": 1, "examples": []any{60}},
			}},
			"securitySchemes": object{bearer: object{
				"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
				"description": "The `token` of a sign-in. A token that is good no more counts as none.",
			}},
		},
	}
}

// hidden tells whether a collection is none of a patron's business: it is the
// system's, or no rule lets anybody but superusers at it.
func hidden(c *core.Collection) bool {
	return c.System || c.ListRule == nil && c.ViewRule == nil && c.CreateRule == nil && c.UpdateRule == nil && c.DeleteRule == nil
}

type description struct {
	shown   map[string]*core.Collection // by id
	paths   object
	schemas object
}

// bearer is the name of the one way to tell who is calling.
const bearer = "bearer"

// route is an operation under one path.
type route struct {
	method, path, tag, id string
	summary, text         string
	who                   string // who may, a sentence
	guests                bool   // whether a guest may, too
	query                 []object
	body                  object // the media types of the request's body; nil: there is none
	optional              bool   // whether the body may be left out
	answer                object // the answer to a success, nil: 204
	refuses               []int  // besides 400 and 429
}

// addRoute writes the route into the document.
func (d *description) addRoute(r route) {
	text := strings.TrimSpace(r.text + "\n\n**Who may:** " + r.who)
	security := []object{{bearer: []string{}}}
	if r.guests {
		security = []object{{}, {bearer: []string{}}}
	}
	responses := object{"400": refusal("BadRequest"), "429": refusal("TooManyRequests")}
	for _, status := range r.refuses {
		responses[statusOf(status)] = refusal(refusalOf(status))
	}
	if r.answer == nil {
		responses["204"] = object{"description": "Done; there is nothing to tell."}
	} else {
		responses["200"] = r.answer
	}
	operation := object{
		"tags": []string{r.tag}, "operationId": r.id, "summary": r.summary, "description": text,
		"security": security, "responses": responses,
	}
	if len(r.query) > 0 {
		operation["parameters"] = r.query
	}
	if r.body != nil {
		operation["requestBody"] = object{"required": !r.optional, "content": r.body}
	}
	item, ok := d.paths[r.path].(object)
	if !ok {
		item = object{"parameters": pathParameters(r.path)}
		d.paths[r.path] = item
	}
	item[strings.ToLower(r.method)] = operation
}

// pathParameters are those in the path, and those that every request may have.
func pathParameters(path string) []object {
	var all []object
	for rest := path; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		all = append(all, parameter(name+"InPath"))
		rest = tail
	}
	return append(all, parameter("language"), parameter("timezone"), parameter("timezoneHeader"))
}

func parameter(name string) object { return object{"$ref": "#/components/parameters/" + name} }
func refusal(name string) object   { return object{"$ref": "#/components/responses/" + name} }
func schema(name string) object    { return object{"$ref": "#/components/schemas/" + name} }

// sent is a body of JSON, answer an answer of it.
func sent(s, example object) object {
	content := object{"schema": s}
	if example != nil {
		content["example"] = example
	}
	return object{"application/json": content}
}

func answer(text string, s object) object {
	return object{"description": text, "content": object{"application/json": object{"schema": s}}}
}
