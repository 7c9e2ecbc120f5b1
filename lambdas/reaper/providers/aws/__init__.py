"""The edge to AWS that its providers share: clients, paging, errors. No provider of its own.

:mod:`clients` makes botocore clients once each, :mod:`service` calls one service in one region and pages through its
lists, :mod:`errors` says in one sentence what went wrong, :mod:`rows` reads answers that may lack anything,
:mod:`parents` looks tags of parents up once.
"""
