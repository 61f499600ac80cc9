"""HTTP as the product speaks it: the edge, routes, pages, problem documents."""
