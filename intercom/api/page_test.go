package api

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheSamplesPagesAreRead(t *testing.T) {
	for file, want := range map[string]struct {
		rows, total int
		next        Next
		scroll      string
	}{
		"conversations_search.page1.json":  {2, 3, Next{StartingAfter: "WzE3ODgyMjE3MDAwMDAsMjE1NDczOTAwMTEyMjMzLDJd"}, ""},
		"conversations_search.page2.json":  {1, 3, Next{}, ""},
		"conversations_search.empty.json":  {0, 0, Next{}, ""},
		"contacts_search.page1.json":       {1, 1, Next{}, ""},
		"tickets_search.page1.json":        {1, 1, Next{}, ""},
		"companies_list.page1.json":        {1, 1, Next{}, ""},
		"companies_scroll.end.json":        {0, -1, Next{}, "69352cd2-ab5b-42ac-b004-a13d4e55e9b0"},
		"conversations_deleted.page1.json": {2, 2, Next{}, ""},
	} {
		body, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		page, err := ParsePage(body)
		if err != nil || len(page.Rows) != want.rows || page.Total != want.total || page.Next != want.next || page.Scroll != want.scroll {
			t.Errorf("%s: %d rows, total %d, next %+v, scroll %q, %v", file, len(page.Rows), page.Total, page.Next, page.Scroll, err)
		}
	}
}

func TestEveryShapeOfNextIsRead(t *testing.T) {
	for pages, want := range map[string]Next{
		`null`:          {},
		`{}`:            {},
		`{"next":null}`: {},
		`{"next":{}}`:   {},
		`{"next":""}`:   {},
		`{"next":"https://api.eu.intercom.io/articles?page=2&per_page=25"}`: {Path: "/articles?page=2&per_page=25"},
		`{"next":{"page":3,"starting_after":"c=="}}`:                        {StartingAfter: "c=="},
		`{"next":{"per_page":3,"starting_after":"c=="}}`:                    {StartingAfter: "c=="},
		`{"next":{"page":3}}`:                                               {Page: 3},
		`{"next":{"page":3,"starting_after":null}}`:                         {Page: 3},
	} {
		page, err := ParsePage([]byte(`{"type":"list","data":[],"pages":` + pages + `}`))
		if err != nil || page.Next != want {
			t.Errorf("%s: %+v, %v", pages, page.Next, err)
		}
	}
	page, err := ParsePage([]byte(`{"data":[],"next_cursor":"n","has_more":true}`))
	if err != nil || page.Next != (Next{StartingAfter: "n"}) {
		t.Errorf("a cursor beside the rows: %+v, %v", page.Next, err)
	}
}

func TestRowsKeepTheirBytes(t *testing.T) {
	page, err := ParsePage([]byte("{\"data\": [ {\"n\": 1e2, \"s\":\"\\u00fc <\"} ,7,\n[1, 2]], \"x\":{\"data\":[1]}}"))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]byte{[]byte(`{"n": 1e2, "s":"\u00fc <"}`), []byte("7"), []byte("[1, 2]")}
	if diff := cmp.Diff(want, page.Rows); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNoEnvelopeIsAnError(t *testing.T) {
	for _, body := range []string{"", "null", "7", "<html>", `{"data":[{]}`, `{"data":[{}`, `{"data"`} {
		if _, err := ParsePage([]byte(body)); err == nil {
			t.Errorf("%q was taken", body)
		}
	}
}
