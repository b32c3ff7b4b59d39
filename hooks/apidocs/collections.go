package apidocs

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// addCollection writes what the rules of a collection let a patron do.
func (d *description) addCollection(c *core.Collection) {
	name := c.Name
	d.schemas[name] = d.record(c)
	d.schemas[name+".page"] = pageOf(schema(name))
	records := "/api/collections/" + c.Name + "/records"
	one := records + "/{id}"
	shape := []object{parameter("expand"), parameter("fields")}
	add := func(rule *string, r route) {
		if rule == nil || c.IsView() && r.method != "GET" {
			return
		}
		r.who, r.guests = who(c, *rule)
		if note := aboutAct(c, r.method, r.path == one); note != "" {
			r.text += "\n\n" + note
		}
		verb, _, _ := strings.Cut(strings.ToLower(r.summary), " ")
		r.tag, r.id = c.Name, c.Name+"."+verb
		d.addRoute(r)
	}
	add(c.ListRule, route{
		method: "GET", path: records, summary: "List " + c.Name,
		text: "A page of the records that the caller may read: where none is theirs to read, the page is empty. " +
			"The newest come first unless `sort` says otherwise.",
		query: append([]object{
			parameter("page"), parameter("perPage"), parameter("sort"), parameter("filter"), parameter("skipTotal"),
		}, shape...),
		answer: answer("A page of records.", schema(name+".page")),
	})
	add(c.ViewRule, route{
		method: "GET", path: one, summary: "View one of " + c.Name, query: shape,
		answer: answer("The record.", schema(name)), refuses: []int{404},
	})
	if c.IsView() {
		return
	}
	if c.CreateRule != nil {
		d.schemas[name+".create"] = d.body(c, true)
	}
	if c.UpdateRule != nil {
		d.schemas[name+".update"] = d.body(c, false)
	}
	tooLarge := []int{}
	if len(filesOf(c)) > 0 {
		tooLarge = append(tooLarge, 413)
	}
	add(c.CreateRule, route{
		method: "POST", path: records, summary: "Create one of " + c.Name, query: shape,
		text:    "A refused create is a 400, whether the caller may not or the record is wrong.",
		body:    bodyOf(c, schema(name+".create"), true),
		answer:  answer("The new record.", schema(name)),
		refuses: append([]int{403}, tooLarge...),
	})
	add(c.UpdateRule, route{
		method: "PATCH", path: one, summary: "Update one of " + c.Name, query: shape,
		text:    "Send what changes. What the caller may not change answers as if it were not there.",
		body:    bodyOf(c, schema(name+".update"), false),
		answer:  answer("The record as it is now.", schema(name)),
		refuses: append([]int{403, 404}, tooLarge...),
	})
	add(c.DeleteRule, route{
		method: "DELETE", path: one, summary: "Delete one of " + c.Name, refuses: []int{403, 404},
	})
}

// bodyOf are the forms in which a record may be sent: files want multipart.
func bodyOf(c *core.Collection, s object, create bool) object {
	files, needed := filesOf(c), false
	for _, f := range files {
		needed = needed || f.Required && writable(c, f)
	}
	content := object{}
	if len(files) > 0 {
		content["multipart/form-data"] = object{"schema": s}
	}
	if !create || !needed {
		content["application/json"] = object{"schema": s}
	}
	return content
}

// filesOf are the file fields that a client may send.
func filesOf(c *core.Collection) []*core.FileField {
	var files []*core.FileField
	for _, f := range c.Fields {
		if file, ok := f.(*core.FileField); ok && !f.GetHidden() && writable(c, f) {
			files = append(files, file)
		}
	}
	return files
}

// record is the schema of a record as it is read.
func (d *description) record(c *core.Collection) object {
	properties := object{
		"collectionId":   object{"type": "string", "const": c.Id},
		"collectionName": object{"type": "string", "const": c.Name},
		"local": object{
			"type": "object", "additionalProperties": object{"type": "string", "format": "date-time"},
			"description": "The record's instants in the zone that the request named; there only if it named one.",
			"examples":    []any{object{"created": "2026-03-14T09:26:53.589-03:00"}},
		},
	}
	required := []string{"collectionId", "collectionName"}
	expand := object{}
	for _, f := range c.Fields {
		if !readable(c, f) {
			continue
		}
		properties[f.GetName()] = reading(c, f)
		if always(c, f) {
			required = append(required, f.GetName())
		}
		if relation, ok := f.(*core.RelationField); ok {
			if other := d.shown[relation.CollectionId]; other != nil {
				expand[f.GetName()] = one(relation.IsMultiple(), schema(other.Name))
			}
		}
	}
	for name, s := range added(c) {
		properties[name] = s
	}
	if len(expand) > 0 {
		properties["expand"] = object{
			"type": "object", "properties": expand, "description": "What `expand` asked for, as far as the caller may read it.",
		}
	}
	return object{"type": "object", "description": aboutCollection(c), "required": required, "properties": properties}
}

// body is the schema of a record as it is written.
func (d *description) body(c *core.Collection, create bool) object {
	properties, required := object{}, []string{}
	for _, f := range c.Fields {
		if f.GetHidden() && !private(c, f) || !writable(c, f) || f.GetName() == core.FieldNameId && !create {
			continue
		}
		properties[f.GetName()] = writing(c, f)
		if create && needed(c, f) {
			required = append(required, f.GetName())
		}
	}
	if c.IsAuth() {
		password := object{"type": "string", "format": "password", "minLength": 8, "maxLength": 71, "examples": []any{"correct-horse-1"}}
		properties["password"], properties["passwordConfirm"] = password, password
		if create {
			required = append(required, "password", "passwordConfirm")
		} else {
			properties["oldPassword"] = object{"type": "string", "format": "password", "description": "Needed to change one's own password."}
		}
	}
	s := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func one(many bool, s object) object {
	if many {
		return object{"type": "array", "items": s}
	}
	return s
}

func pageOf(s object) object {
	whole := func(text string, least, example int) object {
		return object{"type": "integer", "minimum": least, "description": text, "examples": []any{example}}
	}
	return object{
		"type": "object", "required": []string{"page", "perPage", "totalItems", "totalPages", "items"},
		"properties": object{
			"page":       whole("The page, from 1.", 1, 1),
			"perPage":    whole("Records a page.", 1, 30),
			"totalItems": whole("Records in all; -1 with `skipTotal`.", -1, 1),
			"totalPages": whole("Pages in all; -1 with `skipTotal`.", -1, 1),
			"items":      object{"type": "array", "items": s},
		},
	}
}
