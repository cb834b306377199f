#!/bin/sh
# Generates the messages from the .proto files beside this script. Needs protoc (Debian: protobuf-compiler).
set -eu
cd "$(dirname "$0")"
plugin=$(mktemp -d)
trap 'rm -rf "$plugin"' EXIT
go build -o "$plugin" google.golang.org/protobuf/cmd/protoc-gen-go
PATH="$plugin:$PATH" protoc --go_out=. --go_opt=paths=source_relative *.proto materialize/*.proto
