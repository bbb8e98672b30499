# Teams write their policies as values, and a module of the platform makes them. A misspelt word in the values is an error, as it is in
# the resource itself: see the type of the module's variable.

terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  owner = "acme-prod"

  kubernetes {
    engine = "cilium"
  }
}

module "egress_policies" {
  source = "./egress-policies"

  policies = {
    backend = {
      namespace = "production"
      pods      = { match_labels = { app = "backend" } }

      allow = {
        database = { to_pods = { match_labels = { app = "database" } }, ports = [5432] }
        partner  = { to_cidrs = ["203.0.113.0/24", "!203.0.113.128/25"], ports = [443] }
        payments = { to_domains = ["api.example.com"], ports = ["443/tls"], server_names = ["api.example.com"] }
      }

      deny = {
        metadata = { to_cidrs = ["169.254.169.254/32"], ports = ["any"] }
      }

      allow_dns = true
    }
  }
}

output "manifests" {
  description = "What is to be committed for the cluster."
  value       = module.egress_policies.manifests
}
