const ROLE_NAME = /^[a-z][a-z0-9-]{0,63}$/;

/**
 * Whether a name is fit for a role. Slashes would make the file's name ambiguous, and names that look like integers
 * change their place in a JavaScript object, which breaks the signature (tuf, trap 9).
 */
export function isRoleName(name: string): boolean {
  return ROLE_NAME.test(name);
}
