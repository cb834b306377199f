package signature

import "testing"

func TestHeadersThatCarrySecretsAreKnownByAnySendersName(t *testing.T) {
	for _, name := range []string{
		"X-Hub-Signature", "X-Hub-Signature-256", "Stripe-Signature", "Webhook-Signature", "Svix-Signature", "X-Shopify-Hmac-Sha256",
		"X-Twilio-Signature", "X-Body-Signature", "X-Slack-Signature", "X-Gitlab-Token", "X-Auth-Key", "X-Api-Key", "X_api_key", "Apikey", "Api-Token",
		"X-Hook-Secret", "X-Hook-Signature", "X-Trello-Webhook", "X-Hubspot-Signature", "X-Hubspot-Signature-V3", "X-Zendesk-Webhook-Signature",
		"X-Twitter-Webhooks-Signature", "Paypal-Transmission-Sig", "X-Square-Hmacsha256-Signature", "X-Signature-Ed25519", "Linear-Signature",
		"Typeform-Signature", "X-Goog-Channel-Token", "X-Telegram-Bot-Api-Secret-Token", "X-Wc-Webhook-Signature", "X-Adyen-Hmacsignature",
		"Plaid-Verification", "Intuit-Signature", "X-Docusign-Signature-1", "X-Authorization-Digest", "Aeg-Sas-Key", "Aeg-Sas-Token", "X-Functions-Key",
		"Ocp-Apim-Subscription-Key", "X-Amz-Security-Token", "X-Amzn-Oidc-Data", "Cf-Access-Jwt-Assertion", "Signature", "Signature-Input",
		"Authorization", "Proxy-Authorization", "X-Forwarded-Authorization", "Cookie", "Set-Cookie", "X-Csrf-Token", "X-Webhook-Password", "Auth", "X-Auth-Token",
	} {
		if !IsSecretHeader(name) {
			t.Errorf("%s is captured", name)
		}
	}
	for _, name := range []string{
		"", "Host", "User-Agent", "Content-Length", "Accept-Encoding", "X-Forwarded-For", "X-Github-Delivery", "X-Github-Event", "X-Github-Hook-Id",
		"X-Shopify-Topic", "X-Shopify-Webhook-Id", "Webhook-Id", "Webhook-Timestamp", "Svix-Id", "X-Slack-Request-Timestamp", "X-Zendesk-Webhook-Invocation-Id",
		"X-Zendesk-Webhook-Signature-Timestamp", "Idempotency-Key", "X-Idempotency-Key", "I-Twilio-Idempotency-Token", "X-Routing-Key", "Traceparent",
		"X-Gitlab-Event", "X-Signed-Up", "X-Hashtag", "Content-Digest", "X-Order-Id", "X-Request-Id",
	} {
		if IsSecretHeader(name) {
			t.Errorf("%s is not captured", name)
		}
	}
}

func BenchmarkIsSecretHeader(b *testing.B) {
	for b.Loop() {
		_ = IsSecretHeader("X-Forwarded-For")
	}
}
