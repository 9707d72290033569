"""The same run on a Spark cluster: Spark moves rows between machines, the engine's own code does the rest."""
