package main

import (
	"fmt"
	"iter"
	"net/netip"
	"regexp"

	"github.com/cilium/cilium/pkg/identity"
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
	"github.com/miekg/dns"
)

type pod struct {
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
	ServiceAccount  string            `json:"serviceAccount"`
	NamedPorts      []namedPort       `json:"namedPorts"`
}

type namedPort struct {
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port"`
}

// What is at an address.
type destination struct {
	Address netip.Addr `json:"address"`
	// pod, node, apiServer (on a node) or other.
	Kind string `json:"kind"`
	Pod  *pod   `json:"pod,omitempty"`
	// The names for which DNS has given the address.
	Names []string `json:"names"`
}

// The identities of one request, as the agent's allocators would make them.
type world struct {
	identities identity.IdentityMap
	ports      map[identity.NumericIdentity][]namedPort
	names      []name
}

// A name or pattern that a policy asks DNS about.
type name struct {
	pattern *regexp.Regexp
	label   labels.Label
}

func newWorld(selectors []api.FQDNSelector) *world {
	world := &world{identities: identity.IdentityMap{}, ports: map[identity.NumericIdentity][]namedPort{}}
	for _, selector := range selectors {
		// Validated when the policy was parsed.
		if pattern, err := selector.ToRegex(); err == nil {
			world.names = append(world.names, name{pattern, selector.IdentityLabel()})
		}
	}
	return world
}

func (w *world) add(scope identity.NumericIdentity, own labels.Labels) *identity.Identity {
	const firstOfUsers = 1000
	id := scope | identity.NumericIdentity(firstOfUsers+len(w.identities))
	added := identity.NewIdentity(id, own)
	w.identities[id] = added.LabelArray
	return added
}

// The labels of a pod's identity, as the agent reads them from the pod and its namespace.
func (w *world) pod(pod *pod) *identity.Identity {
	own := labels.Labels{}
	set := func(key, value string) { own[key] = labels.NewLabel(key, value, labels.LabelSourceK8s) }
	for key, value := range pod.Labels {
		set(key, value)
	}
	for key, value := range pod.NamespaceLabels {
		set(k8sconst.PodNamespaceMetaLabels+"."+key, value)
	}
	set(k8sconst.PodNamespaceLabel, pod.Namespace)
	set(k8sconst.PolicyLabelServiceAccount, pod.ServiceAccount)
	set(k8sconst.PolicyLabelCluster, clusterName)
	added := w.add(identity.IdentityScopeGlobal, own)
	w.ports[added.ID] = pod.NamedPorts
	return added
}

func (w *world) identity(to *destination) (*identity.Identity, error) {
	switch to.Kind {
	case "pod":
		return w.pod(to.Pod), nil
	case "node":
		return w.add(identity.IdentityScopeRemoteNode, labels.NewFrom(labels.LabelRemoteNode)), nil
	case "apiServer":
		own := labels.NewFrom(labels.LabelRemoteNode)
		own.MergeLabels(labels.LabelKubeAPIServer)
		return w.add(identity.IdentityScopeRemoteNode, own), nil
	case "other":
		own := labels.GetCIDRLabels(netip.PrefixFrom(to.Address, to.Address.BitLen()))
		for _, known := range w.names {
			for _, name := range to.Names {
				if known.pattern.MatchString(dns.Fqdn(name)) {
					own[known.label.Key] = known.label
				}
			}
		}
		return w.add(identity.IdentityScopeLocal, own), nil
	}
	return nil, fmt.Errorf("a destination cannot be a %q", to.Kind)
}

// GetNamedPorts is how the policy engine asks for the named ports of destinations.
func (w *world) GetNamedPorts() types.NamedPortMultiMap { return (*portMap)(w) }

type portMap world

func (m *portMap) GetNamedPorts(name string, protocol u8proto.U8proto, ids iter.Seq[identity.NumericIdentity]) types.NidPortSeq {
	return func(yield func(identity.NumericIdentity, uint16) bool) {
		for id := range ids {
			for _, port := range m.ports[id] {
				if port.Name == name && port.Protocol == protocol.String() && !yield(id, port.Port) {
					return
				}
			}
		}
	}
}

func (m *portMap) GetNamedPort(name string, protocol u8proto.U8proto, ids iter.Seq[identity.NumericIdentity]) (uint16, error) {
	for _, port := range m.GetNamedPorts(name, protocol, ids) {
		return port, nil
	}
	return 0, types.ErrUnknownNamedPort
}

func (m *portMap) Len() int { return len(m.ports) }
