# Policies as files for Argo CD or Flux. Nothing here reaches a cluster: Terraform plans and prints the objects, and what
# applies them is the GitOps controller.

terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  owner = "acme-gitops"
}

resource "egress_policy" "backend" {
  name      = "backend"
  namespace = "production"
  engine    = "network-policy"
  delivery  = "render"

  pods {
    match_labels = { app = "backend" }
  }

  allow = {
    database = { to_pods = { match_labels = { app = "database" } }, ports = [5432] }
    partner  = { to_cidrs = ["203.0.113.0/24"], ports = [443] }
  }
}

output "manifests" {
  description = "All objects as one YAML stream, for the repository that the controller watches."
  value       = join("\n---\n", [for lines in values(egress_policy.backend.manifests) : join("\n", lines)])
}
