# A deployment runs this on one instance before it rolls the image out. The image is the new one; the instance, and
# every other, still serves with the old one.
resource "aws_ssm_document" "migrate" {
  name            = "${var.name}-migrate"
  document_type   = "Command"
  document_format = "JSON"
  target_type     = "/AWS::EC2::Instance"

  content = jsonencode({
    schemaVersion = "2.2"
    description   = "Bring the database to the schema of an image"
    parameters = {
      image = {
        type           = "String"
        description    = "Image with its digest"
        allowedPattern = "^${replace(var.repository.url, ".", "\\.")}@sha256:[0-9a-f]{64}$"
      }
    }
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "migrate"
      inputs = {
        timeoutSeconds = "1800"
        runCommand     = ["/usr/local/bin/we-upload-container migrate '{{ image }}'"]
      }
    }]
  })
}
