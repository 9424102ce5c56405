#!/bin/bash
# Runs as root in a container that systemd has just booted; `/results/phase` says which boot this is. What a person would
# see goes to `/results/log`, what the test looks at to `/results/facts`.
set -u
export PATH=/opt/reeve/command:/usr/sbin:/usr/bin:/sbin:/bin NO_COLOR=1
log=/results/log
say() { printf '%s\n' "$*" >>"$log"; }
fact() { printf '%s=%s\n' "$1" "$2" >>/results/facts; }
# a command as it was typed, and all that it said
show() { say "\$ $1"; bash -c "$1" >>"$log" 2>&1; local code=$?; [ "$code" = 0 ] || say "(exit code $code)"; return "$code"; }
ann() { setpriv --reuid=1000 --regid=1000 --clear-groups env -i PATH="$PATH" NO_COLOR=1 "$@"; }
export -f ann
# polls: a busy machine takes as long as it takes
until_true() { local left=$1; shift; until "$@" >/dev/null 2>&1; do left=$((left - 1)); [ "$left" -gt 0 ] || return 1; sleep 0.25; done; }
property() { systemctl show --property="$1" --value "${2:-reeve.service}"; }
active() { [ "$(property ActiveState)" = active ]; }
settled() { active && sleep 0.5 && active && sleep 0.5 && active; }
# the line for the service manager follows within a second
governed() { active && ann reeve check network allowed.example | grep -q org_allow && property StatusText | grep -q 'acme.*, fresh$'; }
links() { ln -sf /srv/payroll/salaries /tmp/shortcut; ln -sf /srv/public/notes /tmp/harmless; }
restarted() { [ "$(property NRestarts)" != "$1" ] && [ "$(property ActiveState)" = active ]; }
questions() {
  for target in 'network allowed.example' 'network pastes.example' 'path --no-resolve /tmp/harmless' \
    'path --no-resolve /tmp/shortcut' 'path --no-resolve /home/ann/shortcut'; do
    show "ann reeve check $target | head -n 2"
  done
}
answers() {
  for target in 'network allowed.example' 'network pastes.example' 'path --no-resolve /tmp/harmless' \
    'path --no-resolve /tmp/shortcut' 'path --no-resolve /home/ann/shortcut'; do
    # shellcheck disable=SC2086
    ann reeve check --json $target | tr -d '\n' | sed -e 's/.*"decision":"\([a-z]*\)".*"code":"\([a-z_]*\)".*/\1 \2;/'
  done
}

first_boot() {
  links
  say '## The first boot: installed, asked, hung, asked again'
  systemctl start policy-server.service
  show 'reeve service status'
  fact status_before "$?"
  show 'reeve service install'
  fact installed "$?"
  until_true 120 governed || return 1
  show 'reeve service install'
  show 'reeve service status'
  fact status_after "$?"
  fact units "$(property Type),$(property User),$(property NotifyAccess)"
  fact status_text "$(property StatusText)"
  fact process_user "$(ps -o user= -p "$(property MainPID)" | tr -d ' ')"
  fact capabilities "$(grep CapEff "/proc/$(property MainPID)/status" | cut -f2)"
  fact seccomp "$(grep '^Seccomp:' "/proc/$(property MainPID)/status" | cut -f2)"
  questions
  fact online "$(answers)"
  fact peers "$(reeve status --json | tr -d '\n' | sed -e 's/.*"peer_credentials":"\([^"]*\)".*/\1/')"
  fact mounts "$(reeve status --json | grep -c '"code":"mounts_')"

  say '# a program that hangs: the watchdog ends it, and systemd starts another'
  local pid restarts
  pid=$(property MainPID) restarts=$(property NRestarts)
  show "kill -STOP \$(systemctl show --property=MainPID --value reeve.service)"
  # asked while nobody answers: the socket keeps the question for the next one
  (ann reeve check network allowed.example; echo "$?") >/results/asked-meanwhile 2>&1 &
  local asked=$!
  until_true 240 restarted "$restarts"
  fact watchdog "$?,$([ "$(property MainPID)" != "$pid" ] && echo another)"
  wait "$asked"
  show 'journalctl --unit=reeve.service --output=cat --grep="Watchdog timeout" --lines=1'
  until_true 120 governed
  fact after_hang "$(answers)"
  show 'ann reeve check network allowed.example | head -n 1'

  say '# a reload'
  show 'systemctl reload reeve.service'
  # systemctl does not wait for the daemon to say that it is through
  until_true 60 settled
  fact reload "$?,$(property ActiveState),$(property NRestarts)"
  fact after_reload "$(answers)"
  say '# a configuration that does not work: it stays down, however often somebody asks, until it is mended'
  cp -p /etc/reeve/reeve.yaml /root/reeve.yaml
  echo 'preset: wrong' >/etc/reeve/reeve.yaml
  show 'systemctl restart reeve.service'
  fact broken_restart "$?"
  ask_again() { ann timeout 2 reeve check network allowed.example; [ "$(property ActiveState reeve.socket)" = failed ]; }
  until_true 60 ask_again
  show 'journalctl --unit=reeve.service --output=cat --grep="^reeve:" --lines=1'
  fact starts "$(journalctl --unit=reeve.service --output=cat --grep='^reeve: .*preset' | wc -l)"
  fact broken "$(property ActiveState),$(property ActiveState reeve.socket)"
  mv /root/reeve.yaml /etc/reeve/reeve.yaml
  show 'reeve service install | tail -n 4'
  until_true 120 governed
  fact mended "$(answers)"
  say '# the policy server stays off from here on'
  systemctl stop policy-server.service
  journalctl --no-pager --output=cat --unit=reeve.service >/results/journal
}

second_boot() {
  links
  say '## The second boot: nobody to ask for a policy'
  until_true 120 governed
  show 'systemctl is-active policy-server.service reeve.service reeve.socket reeve-admin.socket'
  questions
  fact offline "$(answers)"

  say '## Removed again'
  show 'reeve service uninstall --dry-run'
  show 'reeve service uninstall'
  fact uninstalled "$?"
  show 'ls -d /etc/systemd/system/reeve* /etc/sysusers.d/reeve.conf /run/reeve /var/lib/reeve'
  show 'reeve service uninstall --purge'
  fact left "$(find /etc /run /var /usr/lib/systemd /usr/lib/sysusers.d -name '*reeve*' -not -path '/run/systemd/*' -not -path '/etc/reeve*' 2>/dev/null | tr '\n' ' ')"
  fact user_left "$(grep -c '^reeve:' /etc/passwd)"
  fact status_removed "$(reeve service status >/dev/null; echo $?)"
}

# one user's own service, by a manager that runs as that user
of_ann() { ann env XDG_RUNTIME_DIR=/run/user/1000 "$@"; }
export -f of_ann
governed_by_ann() { of_ann reeve check network mine.example | grep -q local_allow; }
ann_restarted() { [ "$(of_ann systemctl --user show --property=NRestarts --value reeve.service)" = 1 ] && governed_by_ann; }

users_service() {
  say '## A user of her own'
  mv /etc/reeve /root/etc-reeve
  install -d -o 1000 -g 1000 -m 0700 /run/user/1000 /home/ann/.config /home/ann/.config/reeve /home/ann/.config/reeve/local.d
  install -o 1000 -g 1000 -m 0600 /dev/null /home/ann/.config/reeve/reeve.yaml
  echo '{"version":1,"rules":[{"decision":"allow","resources":["mine.example:443"]}]}' >/home/ann/.config/reeve/local.d/mine.json
  chown 1000:1000 /home/ann/.config/reeve/local.d/mine.json
  # a test cannot wait for half a minute
  install -d -o 1000 -g 1000 /home/ann/.config/systemd /home/ann/.config/systemd/user /home/ann/.config/systemd/user/reeve.service.d
  printf '[Service]\nWatchdogSec=8\n' >/home/ann/.config/systemd/user/reeve.service.d/quick.conf
  systemd-run --quiet --unit=manager-of-ann --property=Delegate=yes --uid=1000 --gid=1000 --setenv=XDG_RUNTIME_DIR=/run/user/1000 \
    --setenv=HOME=/home/ann /usr/lib/systemd/systemd --user
  until_true 60 of_ann systemctl --user is-active default.target
  show 'of_ann reeve service install --user'
  until_true 60 governed_by_ann
  show 'of_ann reeve service status'
  fact user_status "$?"
  show 'of_ann reeve check network mine.example | head -n 1'
  show 'stat --format="%A %U %n" /run/user/1000/reeve /run/user/1000/reeve/*'
  kill -STOP "$(of_ann systemctl --user show --property=MainPID --value reeve.service)"
  until_true 300 ann_restarted
  fact user_watchdog "$?"
  show 'of_ann reeve service uninstall --user --purge'
  fact user_left_behind "$(find /home/ann /run/user/1000 -name '*reeve*' -not -path '/home/ann/.config/reeve*' -not -name reeve.service.d | tr '\n' ' ')"
  systemctl stop manager-of-ann
  mv /root/etc-reeve /etc/reeve
}

debian_package() {
  say '## As a Debian package'
  rm -r /opt/reeve
  hash -r
  show 'dpkg --install /results/reeve.deb 2>&1 | grep -v "warning\|Reading database"'
  fact package "$(dpkg-query --showformat='${Status}' --show reeve)"
  without_policy() { active && ann reeve check network github.com | grep -q no_policy && property StatusText | grep -q no_policy; }
  until_true 120 without_policy
  fact package_answers "$?"
  show 'reeve service status'
  fact package_status "$?"
  show 'reeve service install | tail -n 1'
  # the user stays with its package
  (reeve service uninstall --purge && reeve service install) >>/results/package-again 2>&1
  until_true 120 without_policy
  fact package_again "$?,$(ps -o user= -p "$(property MainPID)" | tr -d ' ')"
  # an upgrade leaves alone what an administrator has decided
  systemctl disable --quiet --now reeve.socket reeve-admin.socket reeve.service
  systemctl mask --quiet --runtime reeve-admin.socket
  dpkg --install /results/reeve.deb >>/results/package-again 2>&1
  fact package_upgraded "$?,$(systemctl is-enabled reeve.socket reeve-admin.socket reeve.service | tr '\n' ','),$(property ActiveState),$(property ActiveState reeve.socket)"
  systemctl unmask --quiet --runtime reeve-admin.socket
  show 'dpkg --remove reeve 2>&1 | grep -v "warning\|Reading database"'
  fact package_removed "$(property ActiveState),$(ls /run/reeve 2>/dev/null | wc -l)"
  show 'dpkg --purge reeve 2>&1 | grep -v "warning\|Reading database"'
  fact package_left "$(find /etc /run /var /usr/lib/reeve /usr/lib/systemd /usr/lib/sysusers.d -name '*reeve*' -not -path '/run/systemd/*' -not -path '/etc/reeve*' -not -path '/var/lib/dpkg/*' 2>/dev/null | tr '\n' ' ')"
}

export -f show say
phase=$(cat /results/phase)
case "$phase" in
1)
  if first_boot; then
    echo 2 >/results/phase
    systemctl --force reboot
  else
    journalctl --no-pager --output=cat --unit=reeve.service >/results/journal
    systemctl --force poweroff
  fi
  ;;
2)
  second_boot
  users_service
  [ ! -e /results/reeve.deb ] || debian_package
  fact done yes
  systemctl --force poweroff
  ;;
esac
