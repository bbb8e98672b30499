package main

import (
	"encoding/json"
	"fmt"

	"github.com/cilium/cilium/pkg/crypto/certificatemanager"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
	"github.com/cilium/cilium/pkg/u8proto"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// The cluster's name where none is set, as policies see it.
const clusterName = "default"

// Which flows pass where these objects are the only policies.
type verdictRequest struct {
	Objects []json.RawMessage `json:"objects"`
	Sources []source          `json:"sources"`
}

// A pod and where it sends traffic to.
type source struct {
	Pod   pod    `json:"pod"`
	Flows []flow `json:"flows"`
}

type flow struct {
	Destination destination `json:"destination"`
	// TCP, UDP, SCTP, ICMP or ICMPv6.
	Protocol string `json:"protocol"`
	// The port, or the type of an ICMP message.
	Port uint16 `json:"port"`
}

// Per source and flow, whether it passes at the source as far as layer 4; what is inside a connection is left open.
type verdictAnswer struct {
	Passes [][]bool `json:"passes"`
}

// The agent's options as the Helm chart of the version sets them.
func configureCilium() {
	option.Config.EnableIPv4 = true
	option.Config.EnableIPv6 = true
	option.Config.EnableL7Proxy = true
	option.Config.EnableICMPRules = true
	option.Config.EnableNonDefaultDenyPolicies = true
	option.Config.EnableK8sNetworkPolicy = true
	policy.SetPolicyEnabled(option.DefaultEnforcement)
}

func parseCiliumPolicy(object json.RawMessage) (api.Rules, error) {
	var kind metav1.TypeMeta
	if err := json.Unmarshal(object, &kind); err != nil {
		return nil, err
	}
	if kind.Kind == "CiliumClusterwideNetworkPolicy" {
		var policy v2.CiliumClusterwideNetworkPolicy
		if err := strictly(object, &policy); err != nil {
			return nil, err
		}
		return policy.Parse(silent, clusterName)
	}
	var policy v2.CiliumNetworkPolicy
	if err := strictly(object, &policy); err != nil {
		return nil, err
	}
	return policy.Parse(silent, clusterName)
}

// The entries of the policy engine that an object becomes, and the names that it asks DNS about.
func entriesOf(object json.RawMessage) (policytypes.PolicyEntries, []api.FQDNSelector, error) {
	var kind metav1.TypeMeta
	if err := json.Unmarshal(object, &kind); err != nil {
		return nil, nil, err
	}
	switch kind.Kind {
	case "NetworkPolicy":
		var policy slim_networkingv1.NetworkPolicy
		if err := json.Unmarshal(object, &policy); err != nil {
			return nil, nil, err
		}
		entries, err := k8s.ParseNetworkPolicy(silent, clusterName, &policy)
		return entries, nil, err
	case "ClusterNetworkPolicy":
		var policy policyv1alpha2.ClusterNetworkPolicy
		if err := strictly(object, &policy); err != nil {
			return nil, nil, err
		}
		entries, err := k8s.ParseClusterNetworkPolicy(silent, clusterName, &policy)
		return entries, nil, err
	case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
		rules, err := parseCiliumPolicy(object)
		if err != nil {
			return nil, nil, err
		}
		var names []api.FQDNSelector
		for _, rule := range rules {
			for _, egress := range rule.Egress {
				names = append(names, egress.ToFQDNs...)
			}
		}
		return policyutils.RulesToPolicyEntries(rules), names, nil
	}
	return nil, nil, fmt.Errorf("%s has no verdicts here", kind.Kind)
}

func verdicts(request *verdictRequest) ([][]bool, error) {
	var entries policytypes.PolicyEntries
	var names []api.FQDNSelector
	for _, object := range request.Objects {
		own, ownNames, err := entriesOf(object)
		if err != nil {
			return nil, err
		}
		entries = append(entries, own...)
		names = append(names, ownNames...)
	}
	world := newWorld(names)
	type prepared struct {
		from, to *identity.Identity
		flow     flow
	}
	var flows [][]prepared
	for _, source := range request.Sources {
		from := world.pod(&source.Pod)
		var own []prepared
		for _, flow := range source.Flows {
			to, err := world.identity(&flow.Destination)
			if err != nil {
				return nil, err
			}
			own = append(own, prepared{from, to, flow})
		}
		flows = append(flows, own)
	}

	manager := identitymanager.NewIDManager(silent)
	secrets := certificatemanager.NewMockSecretManagerInline()
	translator := envoypolicy.NewEnvoyL7RulesTranslator(silent, secrets)
	repository := policy.NewPolicyRepository(silent, world.identities, nil, translator, manager, testpolicy.NewPolicyMetricsNoop())
	repository.GetSelectorCache().SetLocalIdentityNotifier(testidentity.NewDummyIdentityNotifier())
	repository.SetNamedPortsGetter(world)
	repository.UpdateIdentities(world.identities, nil)
	repository.MustAddPolicyEntries(entries)

	var passes [][]bool
	for _, own := range flows {
		row := []bool{}
		for _, one := range own {
			protocol, err := u8proto.ParseProtocol(one.flow.Protocol)
			if err != nil {
				return nil, err
			}
			flow := policytypes.Flow{From: one.from, To: one.to, Proto: protocol, Dport: one.flow.Port}
			verdict, _, _, err := policy.LookupFlow(silent, repository, manager, flow)
			if err != nil {
				return nil, err
			}
			row = append(row, verdict.Egress == policytypes.DecisionAllowed)
		}
		passes = append(passes, row)
	}
	return passes, nil
}
