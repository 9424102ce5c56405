import { SERVICE_USER } from '../src/service/places.ts';
import { GREATEST_SERVICE_UID } from '../src/service/service-account.ts';
import { SERVICE_UNIT, SOCKET_UNITS } from '../src/service/service-files.ts';

/** What dpkg runs around the files of the package. */
export type MaintainerScripts = Readonly<Record<'preinst' | 'postinst' | 'prerm' | 'postrm', string>>;

const SOCKETS = SOCKET_UNITS.join(' ');
const UNITS = `${SOCKETS} ${SERVICE_UNIT}`;

/** The same question as `lookAtAccount` of the command, without the command. */
const ACCOUNT = `# an account that the package did not make, such as a person's, is never used and never deleted
is_foreign() {
  entry=$(getent passwd ${SERVICE_USER}) || return 1
  uid=$(echo "$entry" | cut -d: -f3)
  case "$entry" in *:/*/nologin | *:/*/false) ;; *) return 0 ;; esac
  [ "$uid" -lt 1 ] || [ "$uid" -gt ${GREATEST_SERVICE_UID} ]
}`;

/** `root`: where the machine's files are; a test has another place. */
export function maintainerScripts(root = ''): MaintainerScripts {
  // `configure` does not tell a package that was removed and comes again from one that is upgraded
  const marker = `${root}/run/reeve.first-install`;
  const booted = `[ -d ${root}/run/systemd/system ]`;
  return {
    preinst: `#!/bin/sh
set -e
${ACCOUNT}
if is_foreign; then
  echo 'reeve: the account ${SERVICE_USER} is not the service user of this package (a uid above ${GREATEST_SERVICE_UID}, or a login shell): rename it first' >&2
  exit 1
fi
[ "$1" != install ] || touch ${marker}
`,
    postinst: `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  systemd-sysusers reeve.conf
  ! ${booted} || systemctl daemon-reload || true
  first=no
  if [ -z "$2" ] || [ -e ${marker} ]; then first=yes; fi
  rm -f ${marker}
  if [ ! -e ${root}/etc/reeve/reeve.yaml ]; then
    echo 'reeve: there is no /etc/reeve/reeve.yaml yet: write one, then run \`reeve service install\`'
  elif [ "$first" = yes ]; then
    systemctl enable --quiet ${UNITS} || true
    ! ${booted} || { systemctl start ${SOCKETS} && systemctl restart ${SERVICE_UNIT}; } ||
      echo 'reeve: the service did not start: see \`journalctl --unit=${SERVICE_UNIT}\`'
  else
    # what an administrator has disabled, stopped or masked stays so; the sockets stay, and nobody is turned away
    ! ${booted} || systemctl try-restart ${SERVICE_UNIT} ||
      echo 'reeve: the service did not start again: see \`journalctl --unit=${SERVICE_UNIT}\`'
  fi
fi
`,
    prerm: `#!/bin/sh
set -e
if [ "$1" = remove ]; then
  systemctl disable --quiet ${UNITS} || true
  ! ${booted} || systemctl stop ${UNITS} || true
fi
`,
    postrm: `#!/bin/sh
set -e
${ACCOUNT}
! ${booted} || systemctl daemon-reload || true
rm -f ${marker}
if [ "$1" = remove ] || [ "$1" = purge ]; then rm -rf ${root}/run/reeve; fi
if [ "$1" = purge ]; then
  rm -rf ${root}/var/lib/reeve ${root}/var/log/reeve
  is_foreign || userdel ${SERVICE_USER} 2>/dev/null || true
fi
`,
  };
}
