package apidocs

import (
	"net/http"
	"slices"
	"strconv"
)

const introduction = `The records of the library are reached at ` + "`/api/collections/<name>/records`" + `, as PocketBase has it; all else is under ` + "`/api/library/`" + `.
PocketBase's official clients for JavaScript and Dart work as they are.

**Signing in.** ` + "`POST /api/collections/users/auth-with-password`" + ` answers a ` + "`token`" + `, which goes into the header ` + "`Authorization: Bearer <token>`" + `.
A token that is good no more counts as none: 401 where one has to be signed in, a guest's view elsewhere.

**Errors** are ` + "`{status, message, data}`" + `. ` + "`data`" + ` names a ` + "`code`" + `, which never changes, and a ` + "`message`" + ` by field; a refusal that is about no field stands under ` + "`data.fault`" + `.
A refused create is a 400, what one may not read or change a 404, a closed action a 403. Each 429 says in ` + "`Retry-After`" + ` when to come back.

**Languages.** Messages are in the language of ` + "`Accept-Language`" + `, else the patron's, else the library's. The JavaScript client sends ` + "`en-US`" + ` unless ` + "`pb.lang`" + ` is set.

**Time.** Instants are UTC. The zone of a request is that of ` + "`?timezone=`" + ` or ` + "`X-Timezone`" + `, else the patron's, else the library's: it decides what ` + "`@todayStart`" + ` or a bare date means in a filter. A request that names one gets ` + "`local`" + ` times with each record.

**Lists** take ` + "`page`, `perPage`, `sort`, `filter`, `expand`, `fields` and `skipTotal`" + `. What a caller may not read they cannot ask about either: such a filter, sort or path is a 400 or answers as if there were nothing.

**Changing lists and numbers.** Beside a field's name, ` + "`name+`, `+name` and `name-`" + ` add to and take from what it holds.

**Limits**, by address: 120 sign-ins and 60 new records of a collection a minute, 1,200 requests in 10 s. By account: 10 wrong passwords in 15 minutes.`

const (
	paramsPath = "path"
	inQuery    = "query"
	inHeader   = "header"
)

func sharedParameters() object {
	at := func(in, name, text string, s object) object {
		p := object{"in": in, "name": name, "description": text, "schema": s}
		if in == paramsPath {
			p["required"] = true
		}
		return p
	}
	str := func(example string) object { return text("", example) }
	return object{
		"page":           at(inQuery, "page", "The page, from 1.", object{"type": "integer", "minimum": 1, "default": 1}),
		"perPage":        at(inQuery, "perPage", "Records a page.", object{"type": "integer", "minimum": 1, "maximum": 1000, "default": 30}),
		"sort":           at(inQuery, "sort", "Up to eight fields, with `-` for descending order. Every sort ends in `id`.", str("-created,id")),
		"filter":         at(inQuery, "filter", "A condition, such as `created >= @todayStart && name ~ \"a\"`. Operators: `= != > >= < <= ~ !~` and `?` before one for any of several; `&&`, `||` and brackets.", object{"type": "string", "maxLength": 3500}),
		"skipTotal":      at(inQuery, "skipTotal", "Leaves the totals uncounted, which is faster.", object{"type": "boolean", "default": false}),
		"expand":         at(inQuery, "expand", "Relations to answer with, as `owner,category`.", object{"type": "string"}),
		"fields":         at(inQuery, "fields", "What to answer with, as `id,title,expand.owner.name`; `description:excerpt(200)` cuts a text.", object{"type": "string"}),
		"timezone":       at(inQuery, "timezone", "The zone of this request, an IANA name. An unknown one is a 400.", str("America/Sao_Paulo")),
		"timezoneHeader": at(inHeader, "X-Timezone", "As `timezone`, which goes before it.", object{"type": "string"}),
		"language":       at(inHeader, "Accept-Language", "The language of messages (BCP 47).", str("pt-BR")),

		"idInPath":         at(paramsPath, "id", "The record's id.", object{"type": "string", "pattern": idText}),
		"collectionInPath": at(paramsPath, "collection", "The collection's name.", str("documents")),
		"recordIdInPath":   at(paramsPath, "recordId", "The record's id.", object{"type": "string", "pattern": idText}),
		"filenameInPath":   at(paramsPath, "filename", "The name that the record's field holds.", str("quiet_x7k2m9q4w8.pdf")),
	}
}

func sharedSchemas() object {
	refused := object{
		"type": "object", "required": []string{"code", "message"},
		"properties": object{
			"code":    text("Stable; what a program goes by.", "validation_required"),
			"message": text("In the caller's language.", "Cannot be blank."),
			"params":  object{"type": "object", "description": "The values in the message."},
		},
	}
	return object{
		"api.error": object{
			"type": "object", "required": []string{"status", "message", "data"},
			"properties": object{
				"status":  object{"type": "integer", "minimum": 400, "maximum": 599},
				"message": text("In the caller's language.", ""),
				"data": object{
					"type": "object", "description": "Refusals by field; `fault` is about no field.",
					"properties":           object{"fault": schema("api.refusal")},
					"additionalProperties": schema("api.refusal"),
				},
			},
		},
		"api.refusal": refused,
		"api.role": object{
			"type": "object", "required": []string{"id", "name", "permissions", "webActions", "mobileActions"},
			"properties": object{
				"id": text("", "rolecustomer000"), "name": text("", "Customer"),
				"permissions": stringsOf(), "webActions": stringsOf(), "mobileActions": stringsOf(),
			},
		},
	}
}

func stringsOf() object { return object{"type": "array", "items": object{"type": "string"}} }

// fields makes an object's schema; the names that end in ? may be left out.
func fields(properties object) object {
	all, required := object{}, []string{}
	for name, s := range properties {
		if name[len(name)-1] == '?' {
			name = name[:len(name)-1]
		} else {
			required = append(required, name)
		}
		all[name] = s
	}
	s := object{"type": "object", "properties": all}
	if len(required) > 0 {
		slices.Sort(required)
		s["required"] = required
	}
	return s
}

func statusOf(status int) string { return strconv.Itoa(status) }

// refusalOf names the response of a status.
func refusalOf(status int) string {
	return map[int]string{
		http.StatusBadRequest: "BadRequest", http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Forbidden", http.StatusNotFound: "NotFound",
		http.StatusRequestEntityTooLarge: "TooLarge", http.StatusTooManyRequests: "TooManyRequests", http.StatusServiceUnavailable: "Unavailable",
	}[status]
}

func refusals() object {
	of := func(description string, status int, message, key, code string) object {
		data := object{}
		if key != "" {
			data[key] = object{"code": code, "message": message}
		}
		return object{"description": description, "content": object{"application/json": object{
			"schema": schema("api.error"), "example": object{"status": status, "message": message, "data": data},
		}}}
	}
	tooMany := of("Too much at once, or too many tries.", 429, "Too many tries. Try again in 60 s.", "fault", "too_many_tries")
	tooMany["headers"] = object{"Retry-After": object{"$ref": "#/components/headers/Retry-After"}}
	return object{
		"BadRequest":      of("What was sent is wrong; `data` says where.", 400, "This is no ISBN: it has 10 or 13 digits, and its check digit has to be right.", "isbn", "isbn_invalid"),
		"Unauthorized":    of("One has to be signed in.", 401, "The request requires valid record authorization token.", "", ""),
		"Forbidden":       of("The caller may not, or it is closed.", 403, "Sign-up is closed. Ask the library for an account.", "fault", "signup_closed"),
		"NotFound":        of("It is not there, or not for the caller to see or change.", 404, "The requested resource wasn't found.", "", ""),
		"TooLarge":        of("It is too large.", 413, "This file is too large: the library takes at most 2048 MB.", "file", "file_too_large"),
		"TooManyRequests": tooMany,
		"Unavailable":     of("The library cannot do this now, or is not set up to.", 503, "This library sends no push messages: it has no Firebase credentials.", "fault", "push_not_set_up"),
	}
}
