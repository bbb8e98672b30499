terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

# Terraform drops a word that the type does not have, and puts null for one that optional() names. So optional() stands only where
# null allows less or is refused: a rule needs a destination, and a port that is announced as TLS needs server_names. What narrows, such as
# deny, has to be written, {} for nothing.
variable "policies" {
  description = "The policies by name."
  type = map(object({
    namespace = string
    pods      = object({ match_labels = map(string) })
    allow = map(object({
      to_pods      = optional(object({ match_labels = map(string) }))
      to_cidrs     = optional(list(string))
      to_domains   = optional(list(string))
      ports        = list(string)
      server_names = optional(list(string))
    }))
    deny = map(object({
      to_cidrs = list(string)
      ports    = list(string)
    }))
    allow_dns = bool
  }))
}

resource "egress_policy" "this" {
  for_each = var.policies

  name      = each.key
  namespace = each.value.namespace
  allow     = each.value.allow
  deny      = each.value.deny
  allow_dns = each.value.allow_dns
  delivery  = "render"

  pods {
    match_labels = each.value.pods.match_labels
  }
}

output "manifests" {
  value = merge([for policy in egress_policy.this : policy.manifests]...)
}
