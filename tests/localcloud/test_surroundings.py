"""No shell can make the tests or the demo talk to a real cloud."""

from __future__ import annotations

from localcloud.surroundings import leave_real_clouds


def test_nothing_of_a_real_cloud_is_left_and_the_rest_is():
    env = {
        "PATH": "/bin",
        "AWS_PROFILE": "production",
        "AWS_ENDPOINT_URL_GLUE": "https://glue.example",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "real",
        "CDK_DEFAULT_ACCOUNT": "123456789012",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "NO_PROXY": "intranet.example,localhost",
    }

    leave_real_clouds(env)

    assert env == {
        "PATH": "/bin",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "NO_PROXY": "intranet.example,localhost,127.0.0.1",
        "no_proxy": "127.0.0.1,localhost",
    }
