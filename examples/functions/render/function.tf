locals {
  backend = provider::egress::render(
    {
      name      = "backend"
      namespace = "production"
      pods      = { match_labels = { app = "backend" } }
      allow     = { partner = { to_domains = ["api.example.com"], ports = [443] } }
    },
    { engine = "cilium" },
  )
}

# One file of a repository from which a GitOps controller deploys.
output "manifests" {
  value = join("---\n", values(local.backend.manifests))

  precondition {
    condition     = length(local.backend.warnings) == 0
    error_message = join("\n", local.backend.warnings)
  }
}
