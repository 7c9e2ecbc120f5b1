"""Which services there are: the one list of them, found by their folders, and all that is known of each as data.

Below everything else, so that policies, reports, the stack and the pages derive from it. Imports specs, and no SDK.
"""
