# Until every state has seen an apply: the stack was a module of the environments once.
moved {
  from = module.stack.module.secrets
  to   = module.secrets
}

moved {
  from = module.stack.module.network
  to   = module.network
}

moved {
  from = module.stack.module.storage
  to   = module.storage
}

moved {
  from = module.stack.module.database
  to   = module.database
}

moved {
  from = module.stack.module.cache
  to   = module.cache
}

moved {
  from = module.stack.module.registry
  to   = module.registry
}

moved {
  from = module.stack.module.dns
  to   = module.dns
}

moved {
  from = module.stack.module.load_balancer
  to   = module.load_balancer
}

moved {
  from = module.stack.module.edge
  to   = module.edge
}

moved {
  from = module.stack.module.observability
  to   = module.observability
}

moved {
  from = module.stack.module.application
  to   = module.application
}

moved {
  from = module.stack.module.service_ec2
  to   = module.service_ec2
}

moved {
  from = module.stack.module.service_ecs
  to   = module.service_ecs
}

moved {
  from = module.stack.module.rotation
  to   = module.rotation
}

moved {
  from = module.stack.module.delivery
  to   = module.delivery
}
