package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	flowpb "github.com/cilium/cilium/api/v1/flow"
	"github.com/cilium/cilium/pkg/hubble/metrics/api"
	_ "github.com/cilium/cilium/pkg/hubble/metrics/dns"            // registers itself
	_ "github.com/cilium/cilium/pkg/hubble/metrics/drop"           // registers itself
	_ "github.com/cilium/cilium/pkg/hubble/metrics/flows-to-world" // registers itself
	_ "github.com/cilium/cilium/pkg/hubble/metrics/http"           // registers itself
	_ "github.com/cilium/cilium/pkg/hubble/metrics/policy"         // registers itself
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/encoding/protojson"
)

// What Hubble's metrics are switched on with (the entries of hubble.metrics.enabled), and the flows that it sees, as its export writes them.
type hubbleRequest struct {
	Metrics []string          `json:"metrics"`
	Flows   []json.RawMessage `json:"flows"`
}

// The series that there are then: the labels of each, with its metric as __name__.
type hubbleAnswer struct {
	Series []map[string]string `json:"series"`
}

// hubble has Cilium's own handlers count the flows.
func hubble(request *hubbleRequest) (hubbleAnswer, error) {
	registry := prometheus.NewRegistry()
	config := api.ParseStaticMetricsConfig(request.Metrics)
	// An unknown metric is only skipped with a warning; here it is an error.
	handlers, err := api.DefaultRegistry().ConfigureHandlers(slog.Default(), registry, config)
	if err != nil {
		return hubbleAnswer{}, err
	}
	if len(*handlers) != len(request.Metrics) {
		return hubbleAnswer{}, fmt.Errorf("%d of %d metrics are known", len(*handlers), len(request.Metrics))
	}
	for _, raw := range request.Flows {
		flow := &flowpb.Flow{}
		if err := protojson.Unmarshal(raw, flow); err != nil {
			return hubbleAnswer{}, err
		}
		for _, handler := range *handlers {
			if err := handler.Handler.ProcessFlow(context.Background(), flow); err != nil {
				return hubbleAnswer{}, err
			}
		}
	}
	families, err := registry.Gather()
	if err != nil {
		return hubbleAnswer{}, err
	}
	answer := hubbleAnswer{Series: []map[string]string{}}
	for _, family := range families {
		for _, metric := range family.Metric {
			series := map[string]string{"__name__": family.GetName()}
			for _, label := range metric.Label {
				series[label.GetName()] = label.GetValue()
			}
			answer.Series = append(answer.Series, series)
		}
	}
	return answer, nil
}
