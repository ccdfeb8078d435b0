"""How complete and how fresh what is known of grids, buildings, clusters and customers is."""
