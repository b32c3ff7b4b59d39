package notices

import (
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// sentKey marks a user whose channels the request names, were it as none.
const sentKey = "onlibrary.notices.channelsSent"

func noteChannels(e *core.RecordRequestEvent) error {
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	_, sent := info.Body["channels"]
	e.Record.Set(sentKey, sent)
	e.Record.Hide(sentKey) // an answer that carries what is no field must not carry this
	return e.Next()
}

// giveChannels gives a new user every channel, unless which they want was said.
func giveChannels(e *core.RecordEvent) error {
	u := e.Record
	if sent, _ := u.CustomData()[sentKey].(bool); !sent && len(u.GetStringSlice("channels")) == 0 {
		u.Set("channels", []string{schema.ChannelPush, schema.ChannelMail})
	}
	return e.Next()
}
