package webhook

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWrongSecretIsWarnedOfButNotAStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(watch)
		expect := func(ok bool, want string) {
			t.Helper()
			if got := w.note(ok, time.Now()); (got == "") != (want == "") || !strings.HasPrefix(got, want) {
				t.Errorf("warned %q, want %q", got, want)
			}
		}
		expect(false, "1 signatures failed and none has passed since the start")
		expect(false, "") // not again so soon
		time.Sleep(warnInterval)
		expect(true, "")
		expect(false, "") // others pass
		time.Sleep(quietTime)
		expect(false, "3 signatures failed and none has passed since 2000-01-01T00:05:00Z")
		time.Sleep(warnInterval - time.Second)
		expect(false, "")
		time.Sleep(time.Second)
		expect(false, "2 signatures failed")
	})
}
