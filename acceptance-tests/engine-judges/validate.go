package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/cilium/cilium/pkg/egressgateway"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config/schema/collections"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
)

// What an engine says of an object.
type validateAnswer struct {
	// Whether there is a judge of its kind here.
	Known    bool     `json:"known"`
	Errors   []string `json:"errors,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

func validate(object json.RawMessage) validateAnswer {
	var kind metav1.TypeMeta
	if err := json.Unmarshal(object, &kind); err != nil {
		return validateAnswer{Known: true, Errors: []string{err.Error()}}
	}
	group, _, _ := strings.Cut(kind.APIVersion, "/")
	switch {
	case group == "cilium.io":
		return validateCilium(kind.Kind, object)
	case group == "networking.k8s.io" && kind.Kind == "NetworkPolicy":
		return validateNetworkPolicy(object)
	case group == "policy.networking.k8s.io" && kind.Kind == "ClusterNetworkPolicy":
		_, _, err := entriesOf(object)
		return judged(err)
	case strings.HasSuffix(group, ".istio.io"):
		return validateIstio(object)
	}
	return validateAnswer{}
}

func judged(err error) validateAnswer {
	answer := validateAnswer{Known: true}
	if err != nil {
		answer.Errors = []string{err.Error()}
	}
	return answer
}

// What the agent does with an object that it watches: parsing is validating.
func validateCilium(kind string, object json.RawMessage) validateAnswer {
	switch kind {
	case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
		_, err := parseCiliumPolicy(object)
		return judged(err)
	case "CiliumEgressGatewayPolicy":
		var policy v2.CiliumEgressGatewayPolicy
		err := strictly(object, &policy)
		if err == nil {
			_, err = egressgateway.ParseCEGP(&policy)
		}
		return judged(err)
	}
	return validateAnswer{}
}

// The API server's own registry, from decoding to validation.
func validateNetworkPolicy(object json.RawMessage) validateAnswer {
	strict := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)
	decoded, err := decodeInto[*networking.NetworkPolicy](strict, object)
	if err != nil {
		return judged(err)
	}
	info := &apirequest.RequestInfo{APIGroup: "networking.k8s.io", APIVersion: "v1", Resource: "networkpolicies"}
	ctx := apirequest.WithRequestInfo(apirequest.WithNamespace(context.Background(), decoded.Namespace), info)
	networkpolicy.Strategy.PrepareForCreate(ctx, decoded)
	answer := validateAnswer{Known: true, Warnings: networkpolicy.Strategy.WarningsOnCreate(ctx, decoded)}
	for _, problem := range networkpolicy.Strategy.Validate(ctx, decoded) {
		answer.Errors = append(answer.Errors, problem.Error())
	}
	return answer
}

func decodeInto[T any](codecs serializer.CodecFactory, object json.RawMessage) (T, error) {
	var none T
	decoded, _, err := codecs.UniversalDecoder().Decode(object, nil, nil)
	if err != nil {
		return none, err
	}
	typed, ok := decoded.(T)
	if !ok {
		return none, fmt.Errorf("decoded to %T", decoded)
	}
	return typed, nil
}

// The webhook's own answer.
func validateIstio(object json.RawMessage) validateAnswer {
	configs, others, err := crd.ParseInputs(string(object))
	if err != nil {
		return judged(err)
	}
	if len(configs) != 1 || len(others) != 0 {
		return validateAnswer{}
	}
	schema, ok := collections.All.FindByGroupVersionKind(configs[0].GroupVersionKind)
	if !ok {
		return validateAnswer{}
	}
	warning, err := schema.ValidateConfig(configs[0])
	answer := judged(err)
	if warning != nil {
		answer.Warnings = []string{warning.Error()}
	}
	return answer
}

func strictly(object json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

var silent = slog.New(slog.DiscardHandler)
