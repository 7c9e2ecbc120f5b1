"""EMR Serverless Spark (Alibaba Cloud): session clusters, which never say when they were last used.

``spec`` is data; ``provider`` discovers, observes and stops through ``client``, which speaks the API by hand:
``transport`` sends and repeats, ``signing`` signs, ``model`` keeps of a response only what is needed.
"""
