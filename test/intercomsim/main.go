// Intercomsim serves a model of Intercom's REST API on this machine, for trying the connector by hand:
//
//	go run ./test/intercomsim --conversations 1000000 --limit 2000
package main

import (
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/alecthomas/kong"

	"source-intercom-ingest/test/intercomsim/sim"
)

type flags struct {
	Address       string        `help:"Where to listen." default:"127.0.0.1:8090"`
	Token         string        `help:"The access token." default:"tok"`
	ClientID      string        `help:"The app's client id." default:"client"`
	ClientSecret  string        `help:"The app's client secret." default:"secret"`
	Timezone      string        `help:"The workspace's zone." default:"Europe/Dublin"`
	Limit         int           `help:"Requests a minute; 0 for no limit." default:"10000"`
	Lag           time.Duration `help:"How late searches find a change." default:"5s"`
	Conversations int           `help:"How many there are." default:"1000"`
	Parts         int           `help:"Of each conversation." default:"12"`
	Contacts      int           `help:"How many there are." default:"1000"`
	Companies     int           `help:"How many there are." default:"200"`
	Tickets       int           `help:"How many there are." default:"200"`
	History       time.Duration `help:"Over how long they were updated." default:"8760h"`
	Changes       time.Duration `help:"How often something changes; 0 for never." default:"2s"`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Description("A model of Intercom's REST API."))
	w := sim.New(sim.Config{
		Token: f.Token, ClientID: f.ClientID, Secret: f.ClientSecret, Timezone: f.Timezone, Limit: f.Limit,
		Lag: func(int) time.Duration { return f.Lag },
	})
	w.Fill(sim.Sizes{
		Conversations: f.Conversations, Parts: f.Parts, Contacts: f.Contacts, Companies: f.Companies, Tickets: f.Tickets, History: f.History,
	})
	listener, err := net.Listen("tcp", f.Address)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("a workspace at http://%s with the token %s", listener.Addr(), f.Token)
	if f.Changes > 0 && f.Conversations > 0 {
		go change(w, f)
	}
	log.Fatal(http.Serve(listener, w))
}

// change gives a conversation a new part again and again.
func change(w *sim.Workspace, f flags) {
	for range time.Tick(f.Changes) {
		w.Change(sim.Conversations, sim.ConversationID(rand.IntN(f.Conversations)), func(v *sim.Version) { v.Parts++ })
	}
}
