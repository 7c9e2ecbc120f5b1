"""The policy file: its :mod:`.model`, loading it strictly (:mod:`.load`) and making it fast (:mod:`.compile`)."""
