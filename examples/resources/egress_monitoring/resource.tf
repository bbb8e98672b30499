# What leaves the shop: rules for the operator of Prometheus, and a dashboard for Grafana's sidecar.
resource "egress_policy" "shop" {
  name      = "shop"
  namespace = "production"
  engine    = "cilium"
  allow     = { payments = { to_domains = ["api.stripe.com"], ports = [443] } }
}

resource "egress_monitoring" "egress" {
  name      = "egress"
  namespace = "production"
  policies  = { shop = egress_policy.shop }
  exports   = ["hubble", "kube-state-metrics", "node-exporter", "coredns"]
  topics    = ["denied", "dns"]

  rules {
    labels       = { release = "kube-prometheus-stack" }
    alert_labels = { team = "network" }
  }

  alerts {
    egress_dns_failures {
      threshold = 0.02
      severity  = "critical"
    }
  }

  dashboard {
    folder = "Network"
  }
}

output "what_is_seen" {
  value = egress_monitoring.egress.coverage
}
