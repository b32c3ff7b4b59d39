package notices

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/fault"
	"onlibrary/internal/push"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

const (
	targetsMost  = 500
	dataMost     = 4000 // bytes; FCM takes 4096 in all
	pushAtOnce   = 8
	pushPatience = 20 * time.Second
)

// Codes of a result besides those of push.Error.
const (
	noDevice   = "no_device"   // nobody active of this id, or one without a device
	channelOff = "channel_off" // the patron wants no push
)

// pushForm is the body of POST push.
type pushForm struct {
	Title  string         `json:"title"`
	Body   string         `json:"body"`
	Users  []string       `json:"users"`
	Tokens []string       `json:"tokens"`
	Data   map[string]any `json:"data"`
}

// pushResult is what became of one token, or of a user who has none.
type pushResult struct {
	User   string `json:"user"`
	Device string `json:"device"`
	OK     bool   `json:"ok"`
	Code   string `json:"code"`

	token string
}

// pushNow answers POST push. It sends at once, whatever the hour is for whom it
// is for, and tells of each token: those of the users in the order in which they
// are named, then those that are named themselves, which no device need have.
func (r *room) pushNow(e *core.RequestEvent) error {
	if err := checkSender(e); err != nil {
		return err
	}
	if r.Push == nil {
		return reply.Error(fault.New(fault.Unavailable, "push_not_set_up"))
	}
	var f pushForm
	if err := e.BindBody(&f); err != nil {
		return e.BadRequestError("Failed to read the submitted data.", err)
	}
	data, err := f.check()
	if err != nil {
		return refuse(e, err)
	}
	results, err := targets(e.App, f)
	if err != nil {
		return reply.Error(err)
	}
	ctx, cancel := context.WithTimeout(e.Request.Context(), pushPatience)
	defer cancel()
	var all sync.WaitGroup
	free := make(chan struct{}, pushAtOnce)
	for i := range results {
		if results[i].Code != "" {
			continue
		}
		free <- struct{}{}
		all.Add(1)
		routine.FireAndForget(func() {
			defer func() { <-free; all.Done() }()
			r.pushOne(ctx, e.App, &results[i], push.Message{Token: results[i].token, Title: f.Title, Body: f.Body, Data: data})
		})
	}
	all.Wait()
	return e.JSON(http.StatusOK, map[string]any{"results": results})
}

func (r *room) pushOne(ctx context.Context, app core.App, result *pushResult, m push.Message) {
	err := r.Push.Send(ctx, m)
	var refusal *push.Error
	switch {
	case err == nil:
		result.OK = true
		return
	case errors.As(err, &refusal):
		result.Code = refusal.Code
	default:
		result.Code = push.Unavailable
	}
	app.Logger().Warn("push message not sent", "user", result.User, "device", result.Device, "error", err)
	if refusal == nil || !refusal.Dead() || result.Device == "" {
		return
	}
	device, err := find(app, schema.Devices, result.Device)
	if err == nil && device != nil && device.GetString("token") == m.Token {
		err = app.Delete(device)
	}
	if err != nil {
		app.Logger().Error("forgetting a device", "device", result.Device, "error", err)
	}
}

// check returns the data as FCM takes it.
func (f *pushForm) check() (map[string]string, error) {
	err := validation.ValidateStruct(f,
		validation.Field(&f.Title, validation.Required, validation.RuneLength(1, titleMost)),
		validation.Field(&f.Body, validation.RuneLength(0, bodyTextMost)),
	)
	if err != nil {
		return nil, err
	}
	if len(f.Users)+len(f.Tokens) == 0 {
		return nil, fault.Field("users", "targets_missing", nil)
	}
	data, size := map[string]string{}, 0
	for key, value := range f.Data {
		text, ok := value.(string)
		if !ok || key == "" {
			return nil, fault.Field("data", "data_invalid", nil)
		}
		data[key] = text
		size += len(key) + len(text)
	}
	if size > dataMost {
		return nil, fault.Field("data", "data_too_large", map[string]any{"bytes": dataMost})
	}
	return data, nil
}

// targets finds the devices of the users and those of the tokens.
func targets(app core.App, f pushForm) ([]pushResult, error) {
	tooMany := func(field string) error {
		return fault.Field(field, "targets_too_many", map[string]any{"most": targetsMost})
	}
	users, tokens := distinct(f.Users), distinct(f.Tokens)
	if len(users) > targetsMost {
		return nil, tooMany("users")
	}
	if len(tokens) > targetsMost {
		return nil, tooMany("tokens")
	}
	of, err := devicesBy(app, "user", users)
	if err != nil {
		return nil, err
	}
	by, err := devicesBy(app, "token", tokens)
	if err != nil {
		return nil, err
	}
	owners := slices.Clone(users)
	for _, devices := range by {
		owners = append(owners, devices[0].GetString("user"))
	}
	why, err := unreachable(app, owners)
	if err != nil {
		return nil, err
	}
	results := []pushResult{}
	for _, user := range users {
		code := why(user)
		if code == "" && len(of[user]) == 0 {
			code = noDevice
		}
		if code != "" {
			results = append(results, pushResult{User: user, Code: code})
			continue
		}
		for _, d := range of[user] {
			results = append(results, pushResult{User: user, Device: d.Id, token: d.GetString("token")})
		}
	}
	for _, token := range tokens {
		result := pushResult{token: token}
		if token == "" {
			result.Code = push.Invalid
		}
		if devices := by[token]; len(devices) > 0 {
			result.User, result.Device = devices[0].GetString("user"), devices[0].Id
			result.Code = why(result.User)
		}
		results = append(results, result)
	}
	if len(results) > targetsMost {
		return nil, tooMany("users")
	}
	return results, nil
}

// unreachable returns a func that tells why one of the users gets no push, or
// nothing if they do.
func unreachable(app core.App, ids []string) (func(user string) string, error) {
	users, err := app.FindRecordsByIds(schema.Users, distinct(ids))
	if err != nil {
		return nil, err
	}
	why := map[string]string{}
	for _, u := range users {
		switch {
		case u.GetString("state") != schema.StateActive:
		case slices.Contains(u.GetStringSlice("channels"), schema.ChannelPush):
			why[u.Id] = ""
		default:
			why[u.Id] = channelOff
		}
	}
	return func(user string) string {
		if code, ok := why[user]; ok {
			return code
		}
		return noDevice
	}, nil
}

// devicesBy finds the devices with one of the values in a field, by it.
func devicesBy(app core.App, field string, values []string) (map[string][]*core.Record, error) {
	found := map[string][]*core.Record{}
	if len(values) == 0 {
		return found, nil
	}
	var devices []*core.Record
	err := app.RecordQuery(schema.Devices).AndWhere(dbx.In(field, list(values)...)).OrderBy("created", "id").All(&devices)
	for _, d := range devices {
		found[d.GetString(field)] = append(found[d.GetString(field)], d)
	}
	return found, err
}

// distinct returns the values in their order, each once.
func distinct(values []string) []string {
	seen := map[string]bool{}
	var once []string
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			once = append(once, v)
		}
	}
	return once
}

func list(values []string) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}
