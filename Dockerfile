# The connector as Flow runs it: a static binary in an image that holds nothing else.
FROM --platform=linux/amd64 golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -ldflags="-s -w" -o /connector/source-intercom-ingest .

FROM --platform=linux/amd64 gcr.io/distroless/static-debian12:nonroot AS connector
COPY --from=build /connector/source-intercom-ingest /connector/source-intercom-ingest
WORKDIR /connector
USER nonroot
ENV FLOW_RUNTIME_CODEC=proto

# The materialization connector: docker build --target materialize
FROM connector AS materialize
LABEL FLOW_RUNTIME_PROTOCOL=materialize
LABEL FLOW_RUNTIME_CODEC=proto
LABEL CONNECTOR_PROTOCOL=flow-materialize
ENTRYPOINT ["/connector/source-intercom-ingest", "materialize"]

# The capture connector, which is built where no target is named.
FROM connector AS capture
# What the runtime reads: the protocol, its codec, and the ports. Webhooks come to 8080, for which anyone may ask;
# metrics are on 9090, for those who may see the capture.
LABEL FLOW_RUNTIME_PROTOCOL=capture
LABEL FLOW_RUNTIME_CODEC=proto
LABEL CONNECTOR_PROTOCOL=flow-capture
LABEL dev.estuary.port-public.8080=true
LABEL dev.estuary.port-public.9090=false
EXPOSE 8080
EXPOSE 9090

ENTRYPOINT ["/connector/source-intercom-ingest"]
