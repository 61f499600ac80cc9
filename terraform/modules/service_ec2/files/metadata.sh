#!/usr/bin/env bash
# we-upload-metadata PATH: asks the instance metadata service, version 2.
set -euo pipefail
service=http://169.254.169.254/latest
token=$(curl --fail --silent --show-error --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$service/api/token")
curl --fail --silent --show-error --header "X-aws-ec2-metadata-token: $token" "$service/meta-data/$1"
