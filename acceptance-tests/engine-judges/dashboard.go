package main

import (
	"encoding/json"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// What Grafana's own types have against a dashboard: each unknown, missing or wrong field.
type dashboardAnswer struct {
	Error string `json:"error"`
}

// configureGrafana makes the options of every kind of panel and query known.
func configureGrafana() {
	plugins.RegisterDefaultPlugins()
}

// judgeDashboard decodes a dashboard strictly.
func judgeDashboard(raw json.RawMessage) dashboardAnswer {
	decoded := dashboard.Dashboard{}
	if err := decoded.UnmarshalJSONStrict(raw); err != nil {
		return dashboardAnswer{err.Error()}
	}
	return dashboardAnswer{}
}
