package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Me is whose token it is.
type Me struct {
	App struct {
		IDCode    string `json:"id_code"` // the workspace's id, that of its notifications too
		Name      string `json:"name"`
		Timezone  string `json:"timezone"`   // a zone's name
		Region    string `json:"region"`     // US, EU or AU
		CreatedAt int64  `json:"created_at"` // in seconds since 1970; zero where it is not told
	} `json:"app"`
}

// maxMe bounds what is read of an answer that is some hundred bytes.
const maxMe = 1 << 20

// Me asks who the token is.
func (c *Client) Me(ctx context.Context, tries int) (Me, error) {
	var me Me
	err := c.Do(ctx, Request{Method: "GET", Endpoint: "/me", Path: "/me", Lane: Live, Tries: tries}, func(body io.Reader) error {
		if err := json.NewDecoder(io.LimitReader(body, maxMe)).Decode(&me); err != nil {
			return err
		}
		if me.App.IDCode == "" {
			return fmt.Errorf("it names no workspace")
		}
		return nil
	})
	return me, err
}

// hosts of the API by region.
var hosts = map[string]string{
	"US": "https://api.intercom.io", "EU": "https://api.eu.intercom.io", "AU": "https://api.au.intercom.io",
}

// BaseURL is where the API of a region is; that of the US where the region is not known.
func BaseURL(region string) string {
	if host, ok := hosts[strings.ToUpper(region)]; ok {
		return host
	}
	return hosts["US"]
}
