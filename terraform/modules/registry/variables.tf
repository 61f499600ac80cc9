variable "name" {
  type        = string
  description = "Name of the repository, such as we-upload-dev."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the images."
}

variable "kept_images" {
  type        = number
  description = "Tagged images kept: how far back a roll-back can reach."
  default     = 30

  validation {
    condition     = var.kept_images >= 5
    error_message = "kept_images is at least 5, or a roll-back finds no image."
  }
}

variable "deletable" {
  type        = bool
  description = "Whether destroying the environment may destroy its images."
  default     = false
}
