#!/usr/bin/env bash
# we-upload-container COMMAND [IMAGE [ARGUMENT...]]: runs one command of the image with nothing it does not need.
# Without IMAGE, or with an empty one, it runs the one this instance was launched for, which its tag `image` names.
set -euo pipefail
shopt -s inherit_errexit  # a secret that cannot be read must stop the start
export HOME=/root          # neither systemd nor Systems Manager sets it; Docker finds the registry's login there
PATH=/usr/local/bin:$PATH  # sudo leaves it out

secrets() {
    local name arn key value
    while read -r name arn key; do
        value=$(aws secretsmanager get-secret-value --secret-id "$arn" --query SecretString --output text |
            jq --exit-status --raw-output --arg key "$key" '.[$key]')
        printf '%s=%s\n' "$name" "$value"
    done </etc/we-upload/secrets
}

command=$1
image=${2:-$(we-upload-metadata tags/instance/image)}
if [[ $image == none ]]; then
    echo "No image was deployed yet: nothing to run."
    exit 0
fi
AWS_REGION=$(we-upload-metadata placement/region)
export AWS_REGION
environment=$(secrets)

# The host's network, so that the instance's credentials stay one hop away and no port is mapped.
exec docker run --rm --name "we-upload-$command" --network host \
    --user 10001:10001 --read-only --tmpfs /tmp:size=64m --cap-drop ALL --security-opt no-new-privileges --no-healthcheck \
    --env-file /etc/we-upload/environment --env-file <(printf '%s\n' "$environment") \
    --log-driver awslogs --log-opt awslogs-region="$AWS_REGION" \
    --log-opt awslogs-group="$(</etc/we-upload/log-group)" --log-opt awslogs-stream="$command/$(we-upload-metadata instance-id)" \
    --log-opt mode=non-blocking \
    "$image" "$command" "${@:3}"
