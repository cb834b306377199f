// Package intercom knows what Intercom sends, and from where. It is a leaf: it imports nothing of this project.
package intercom

import "net/netip"

// Regions are Intercom's data hosting regions.
var Regions = []string{"us", "eu", "au"}

// addresses from which Intercom sends webhooks, by region. From its pages "Webhook Notifications" and "Setting up
// webhooks" of the developer documentation, which list the same ones, as read in September 2026.
var addresses = map[string][]string{
	"us": {"34.231.68.152", "34.197.76.213", "35.171.78.91", "35.169.138.21", "52.70.27.159", "52.44.63.161"},
	"eu": {"54.217.125.63", "54.246.173.113", "54.216.9.3"},
	"au": {"52.63.36.185", "3.104.68.152", "52.64.2.165"},
}

// Addresses returns those from which Intercom sends the webhooks of a region; none if there is no such region.
func Addresses(region string) []netip.Addr {
	var all []netip.Addr
	for _, text := range addresses[region] {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}
