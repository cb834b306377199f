#!/bin/bash
# Signs with openssl, an implementation that is not ours, what the tests verify. Prints the lines of vectors.jsonl:
# a provider's configuration, the headers of a request, when it is verified, its body, and no signature of which any
# part may differ. ECDSA signatures come out different each time.
set -euo pipefail

at=1767225600
body='{"id":"evt_1","text":"<p>Grüße & 👍</p>","n":1.0}'
secret='3c7b1f5e-9a42-4d0e-8a55-2f1c6d7e8b90'

hmac() { openssl dgst "-$1" -hmac "$2" -binary; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
json() { printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# vector CONFIG HEADERS
vector() {
	printf '{"config":%s,"headers":%s,"at":%d,"body":"%s"}\n' "$1" "$2" "$at" "$(json "$body")"
}

signed=$(printf '%s' "$body" | hmac sha1 "$secret" | hex)
vector "{\"provider\":\"intercom\",\"clientSecret\":\" $secret \"}" "{\"X-Hub-Signature\":\"sha1=$signed\"}"
vector "{\"provider\":\"intercom\",\"clientSecret\":\"new\",\"previousClientSecret\":\"$secret\"}" "{\"X-Hub-Signature\":\"sha1=${signed^^}\"}"
signed=$(printf '%s' "$body" | hmac sha256 "$secret" | hex)
vector "{\"provider\":\"intercom\",\"clientSecret\":\"$secret\"}" "{\"X-Body-Signature\":\"$signed\"}"
vector "{\"provider\":\"github\",\"secret\":\"$secret\"}" "{\"X-Hub-Signature-256\":\"sha256=$signed\"}"
vector "{\"provider\":\"github\",\"secret\":\"new\",\"previousSecret\":\"$secret\"}" "{\"X-Hub-Signature-256\":\"sha256=$signed\"}"
vector "{\"provider\":\"custom\",\"algorithm\":\"hmac_sha256\",\"publicKey\":\"$secret\",\"signatureHeader\":\"x-signature\",\"signaturePrefix\":\"sha256=\"}" "{\"X-Signature\":\"sha256=$signed\"}"
signed=$(printf '%s' "$body" | hmac sha256 "$secret" | base64 -w0)
vector "{\"provider\":\"shopify\",\"secret\":\"$secret\"}" "{\"X-Shopify-Hmac-Sha256\":\"$signed\"}"
signed=$(printf '%s' "v0:$at:$body" | hmac sha256 "$secret" | hex)
vector "{\"provider\":\"zoom\",\"publicKey\":\"$secret\"}" "{\"X-Zm-Signature\":\"v0=$signed\",\"X-Zm-Request-Timestamp\":\"$at\"}"
vector "{\"provider\":\"slack\",\"secret\":\"$secret\"}" "{\"X-Slack-Signature\":\"v0=$signed\",\"X-Slack-Request-Timestamp\":\"$at\"}"
signed=$(printf '%s' "$at.$body" | hmac sha256 "$secret" | hex)
vector "{\"provider\":\"stripe\",\"secret\":\"$secret\"}" "{\"Stripe-Signature\":\"t=$at,v1=00,v1=$signed,v0=00\"}"
signed=$(printf '%s' "${at}123.$body" | hmac sha256 "$secret" | base64 -w0)
vector "{\"provider\":\"knock\",\"publicKey\":\"$secret\"}" "{\"X-Knock-Signature\":\"t=${at}123,s=$signed\"}"
signed=$(printf '%s' "msg_1.$at.$body" | hmac sha256 "$secret" | base64 -w0)
key="whsec_$(printf '%s' "$secret" | base64 -w0)"
vector "{\"provider\":\"standardWebhooks\",\"secret\":\"$key\"}" "{\"Webhook-Id\":\"msg_1\",\"Webhook-Timestamp\":\"$at\",\"Webhook-Signature\":\"v2,xx v1,$signed\"}"
vector "{\"provider\":\"standardWebhooks\",\"secret\":\"whsec_bmV3\",\"previousSecret\":\"$key\"}" "{\"Svix-Id\":\"msg_1\",\"Svix-Timestamp\":\"$at\",\"Svix-Signature\":\"v1,$signed\"}"
for bits in 1 512; do
	signed=$(printf '%s' "<$at|$body>" | hmac sha$bits "$secret" | base64 -w0)
	vector "{\"provider\":\"custom\",\"algorithm\":\"hmac_sha$bits\",\"publicKey\":\"$secret\",\"signatureHeader\":\"X-Sig\",\"signatureEncoding\":\"base64\",\"signingStringTemplate\":\"<{TIMESTAMP}|{PAYLOAD}>\",\"timestampHeader\":\"X-At\"}" "{\"X-Sig\":\"$signed\",\"X-At\":\"$at\"}"
done

keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
openssl ecparam -name prime256v1 -genkey -noout -out "$keys/key"
pem=$(openssl ec -in "$keys/key" -pubout 2>/dev/null | awk '{printf "%s\\n", $0}')
der=$(openssl ec -in "$keys/key" -pubout -outform DER 2>/dev/null | base64 -w0)
signed=$(printf '%s' "$at$body" | openssl dgst -sha256 -sign "$keys/key" -binary | base64 -w0)
for key in "$pem" "$der"; do
	vector "{\"provider\":\"twilio\",\"publicKey\":\"$key\"}" "{\"X-Twilio-Email-Event-Webhook-Signature\":\"$signed\",\"X-Twilio-Email-Event-Webhook-Timestamp\":\"$at\"}"
done
signed=$(printf '%s' "$body" | openssl dgst -sha256 -sign "$keys/key" -binary | hex)
vector "{\"provider\":\"custom\",\"algorithm\":\"ecdsa\",\"publicKey\":\"$pem\",\"signatureHeader\":\"X-Sig\",\"signatureEncoding\":\"hex\"}" "{\"X-Sig\":\"$signed\"}"
