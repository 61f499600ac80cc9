#!/usr/bin/env bash
# we-upload-address: waits until the application is ready, then takes the fixed address over.
set -euo pipefail

curl --fail --silent --output /dev/null --retry 60 --retry-delay 5 --retry-all-errors http://127.0.0.1:8000/ready
aws ec2 associate-address --region "$(we-upload-metadata placement/region)" --allocation-id "$(</etc/we-upload/address)" \
    --instance-id "$(we-upload-metadata instance-id)" --allow-reassociation
