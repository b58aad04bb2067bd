/**
 * Takes secrets and personal data out of texts and of structured values before they leave the process: e-mail addresses,
 * phone numbers, payment cards, IBANs, JWTs and API keys by their looks, anything else by its key. What cannot be
 * processed is not let out.
 */
@NullMarked
package io.spanflux.redaction;

import org.jspecify.annotations.NullMarked;
