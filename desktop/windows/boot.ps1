# What makes a Windows machine somebody's desktop, at every boot and as SYSTEM: the person's user, its automatic logon,
# the firewall that keeps it from the instance metadata, and DCV's settings. Run again it changes nothing.
#
# Images boot while they are baked and prepared, without a meeting: then it does nothing, so that no password and no
# identity of theirs is left in a snapshot. Metadata that do not answer are waited for, five minutes at most. -Metadata and
# -NoRestart are for trying it: with the latter it exits with 3010 where a restart is needed. Windows PowerShell 5.1.
param(
  [string] $User = 'lesson',
  [int] $VerifierPort = 8444,
  [string] $Metadata = 'http://169.254.169.254',
  [int] $PatienceS = 300,
  [switch] $NoRestart
)
$ErrorActionPreference = 'Stop'
$own = 'HKLM:\SOFTWARE\Elephant'
$winlogon = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
$system = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
$provider = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Authentication\Credential Providers\{8A2C93D0-D55F-4045-99D7-B27F5E263407}'
$edge = 'HKLM:\SOFTWARE\Policies\Microsoft\Edge'
$chrome = 'HKLM:\SOFTWARE\Policies\Google\Chrome'
$dcv = 'Registry::HKEY_USERS\S-1-5-18\Software\GSettings\com\nicesoftware\dcv'

# Returns $null where there is no such thing, or where the instance has no metadata at all. Those that do not answer yet,
# as the network comes up, are waited for.
$waited = [Diagnostics.Stopwatch]::StartNew()
function Get-Metadata([string] $Path) {
  while ($true) {
    try {
      $token = Invoke-RestMethod -Method Put -TimeoutSec 5 -Uri "$Metadata/latest/api/token" -Headers @{ 'X-aws-ec2-metadata-token-ttl-seconds' = '60' }
      return [string](Invoke-RestMethod -TimeoutSec 5 -Uri "$Metadata/latest/meta-data/$Path" -Headers @{ 'X-aws-ec2-metadata-token' = $token })
    }
    catch {
      $answer = $null
      if ($_.Exception -is [Net.WebException]) { $answer = $_.Exception.Response }
      if ($answer -and ((403, 404) -contains [int]$answer.StatusCode)) { return $null }
      if ($waited.Elapsed.TotalSeconds -ge $PatienceS) { throw "The metadata at $Metadata have not answered for $PatienceS s: nothing is changed." }
      Start-Sleep -Seconds 5
    }
  }
}

# Writes a value where it differs; tells whether it did.
function Set-Value([string] $Key, [string] $Name, $Value, [string] $Type) {
  if (-not (Test-Path -LiteralPath $Key)) { New-Item -Path $Key -Force | Out-Null }
  $there = (Get-Item -LiteralPath $Key).GetValue($Name)
  if ($there -ceq $Value) { return $false }
  New-ItemProperty -LiteralPath $Key -Name $Name -Value $Value -PropertyType $Type -Force | Out-Null
  return $true
}

function New-Password {
  $bytes = New-Object byte[] 32
  $random = [Security.Cryptography.RandomNumberGenerator]::Create()
  $random.GetBytes($bytes)
  $random.Dispose()
  return 'aA1!' + [Convert]::ToBase64String($bytes)
}

# Keeps the password where only SYSTEM reads it: Winlogon takes it from there, and the registry holds none.
function Set-LogonSecret([string] $Password) {
  Add-Type -Namespace Elephant -Name Lsa -MemberDefinition @'
[StructLayout(LayoutKind.Sequential)] public struct Text { public ushort Length; public ushort MaximumLength; public IntPtr Buffer; }
[StructLayout(LayoutKind.Sequential)] public struct Attributes { public int Length; public IntPtr Root; public IntPtr Name; public int Flags; public IntPtr Descriptor; public IntPtr Quality; }
[DllImport("advapi32.dll")] public static extern uint LsaOpenPolicy(IntPtr system, ref Attributes attributes, int access, out IntPtr policy);
[DllImport("advapi32.dll")] public static extern uint LsaStorePrivateData(IntPtr policy, ref Text key, ref Text data);
[DllImport("advapi32.dll")] public static extern uint LsaClose(IntPtr policy);
static Text Of(string text) { Text t; t.Length = (ushort)(text.Length * 2); t.MaximumLength = (ushort)(text.Length * 2 + 2); t.Buffer = Marshal.StringToHGlobalUni(text); return t; }
public static uint Store(string name, string value) {
  Attributes attributes = new Attributes(); IntPtr policy;
  uint failed = LsaOpenPolicy(IntPtr.Zero, ref attributes, 0x20, out policy);
  if (failed != 0) { return failed; }
  Text key = Of(name); Text data = Of(value);
  try { return LsaStorePrivateData(policy, ref key, ref data); }
  finally { Marshal.FreeHGlobal(key.Buffer); Marshal.FreeHGlobal(data.Buffer); LsaClose(policy); }
}
'@
  $failed = [Elephant.Lsa]::Store('DefaultPassword', $Password)
  if ($failed -ne 0) { throw "The password of the automatic logon cannot be kept (LSA says $failed)." }
}

# A rehearsal that was cut off has left its own settings in the place of the image's, and the service with them.
$data = Join-Path $env:ProgramData 'Elephant'
$toml = Join-Path $data 'agent.toml'
if (Test-Path -LiteralPath "$toml.before-rehearsal") {
  if ((Get-Item -LiteralPath "$toml.before-rehearsal").Length -gt 0) { Move-Item -Force -LiteralPath "$toml.before-rehearsal" -Destination $toml }
  else { Remove-Item -Force -LiteralPath "$toml.before-rehearsal", $toml -ErrorAction SilentlyContinue }
  Remove-Item -Force -LiteralPath (Join-Path $data 'shared\notice.json') -ErrorAction SilentlyContinue
  Stop-ScheduledTask -TaskName 'ElephantService' -ErrorAction SilentlyContinue
  Start-ScheduledTask -TaskName 'ElephantService' -ErrorAction SilentlyContinue
}

$instance = Get-Metadata 'instance-id'
$meeting = Get-Metadata 'tags/instance/MeetingID'
if (-not $instance -or -not $meeting) {
  Write-Output "This machine is nobody's desktop: nothing is changed."
  exit 0
}

# Whatever was made for another instance is made anew.
$isNew = (-not (Test-Path -LiteralPath $own)) -or ((Get-Item -LiteralPath $own).GetValue('InstanceId') -cne $instance)

# --- the person's user: no administrator, with a password that nobody knows
$person = Get-LocalUser -Name $User -ErrorAction SilentlyContinue
if ($isNew -or -not $person) {
  $password = New-Password
  $secure = ConvertTo-SecureString -String $password -AsPlainText -Force
  if ($person) { Set-LocalUser -Name $User -Password $secure -PasswordNeverExpires $true }
  else { New-LocalUser -Name $User -Password $secure -PasswordNeverExpires -UserMayNotChangePassword -Description 'The person at this desktop' | Out-Null }
  Set-LogonSecret $password
}
$person = Get-LocalUser -Name $User
if (-not (Get-LocalGroupMember -SID 'S-1-5-32-545' -Member $User -ErrorAction SilentlyContinue)) { Add-LocalGroupMember -SID 'S-1-5-32-545' -Member $User }
foreach ($group in 'S-1-5-32-544', 'S-1-5-32-555') {
  if (Get-LocalGroupMember -SID $group -Member $User -ErrorAction SilentlyContinue) { Remove-LocalGroupMember -SID $group -Member $User }
}

# --- its automatic logon, and no lock
$changed = $isNew
foreach ($value in @(
    @($winlogon, 'AutoAdminLogon', '1', 'String'), @($winlogon, 'DefaultUserName', $User, 'String'),
    @($winlogon, 'DefaultDomainName', $env:COMPUTERNAME, 'String'), @($winlogon, 'ForceAutoLogon', '1', 'String'),
    @($winlogon, 'DisableLockWorkstation', 1, 'DWord'), @($system, 'DisableLockWorkstation', 1, 'DWord'), @($system, 'InactivityTimeoutSecs', 0, 'DWord'),
    @($provider, 'Disabled', 1, 'DWord'))) {
  $changed = (Set-Value $value[0] $value[1] $value[2] $value[3]) -or $changed
}
foreach ($name in 'AutoLogonCount', 'DefaultPassword') { Remove-ItemProperty -LiteralPath $winlogon -Name $name -ErrorAction SilentlyContinue }
powercfg.exe /change monitor-timeout-ac 0
powercfg.exe /change standby-timeout-ac 0

# --- the room's browser: one that runs on without a window would leave it unseen that the room is closed
foreach ($value in @(
    @($edge, 'BackgroundModeEnabled', 0, 'DWord'), @($edge, 'StartupBoostEnabled', 0, 'DWord'),
    @($edge, 'HideFirstRunExperience', 1, 'DWord'), @($chrome, 'BackgroundModeEnabled', 0, 'DWord'))) {
  Set-Value $value[0] $value[1] $value[2] $value[3] | Out-Null
}

# --- no metadata for the person: in a rule that blocks, who is named is blocked
Set-NetFirewallProfile -All -Enabled True
$blocked = "D:(A;;CC;;;$($person.SID))"
foreach ($address in '169.254.169.254', 'fd00:ec2::254') {
  $name = "Elephant: no metadata for the person ($address)"
  $rules = @(Get-NetFirewallRule -DisplayName $name -ErrorAction SilentlyContinue)
  if (($rules.Count -eq 1) -and (($rules[0] | Get-NetFirewallSecurityFilter).LocalUser -ceq $blocked)) { continue }
  # The new one first, so that there is never none.
  New-NetFirewallRule -DisplayName $name -Direction Outbound -Action Block -Protocol TCP -RemoteAddress $address -LocalUser $blocked | Out-Null
  $rules | Remove-NetFirewallRule
}

# --- DCV: the person's session, the agent's word for every connection, and a reload takes the place of what it reloads
$restart = $false
foreach ($value in @(
    @("$dcv\session-management", 'create-session', 1, 'DWord'),
    @("$dcv\session-management\automatic-console-session", 'owner', $User, 'String'),
    @("$dcv\session-management\automatic-console-session", 'max-concurrent-clients', 1, 'DWord'),
    @("$dcv\session-management\automatic-console-session", 'client-eviction-policy', 'same-user-oldest-connection', 'String'),
    @("$dcv\security", 'auth-token-verifier', "http://127.0.0.1:$VerifierPort", 'String'),
    @("$dcv\security", 'os-auto-lock', 0, 'DWord'),
    @("$dcv\connectivity", 'idle-timeout', 0, 'DWord'),
    @("$dcv\windows", 'disable-display-sleep', 1, 'DWord'))) {
  $restart = (Set-Value $value[0] $value[1] $value[2] $value[3]) -or $restart
}
if ($restart) { Restart-Service -Name dcvserver -ErrorAction SilentlyContinue }

if ($isNew) { Set-Value $own 'Restarts' 0 'DWord' | Out-Null }
Set-Value $own 'InstanceId' $instance 'String' | Out-Null
Write-Output "This is $instance, a desktop of meeting $meeting."
# The logon happens as Windows starts: what was set after it counts from the next start on. A policy that sets one of these
# values back at every start restarts no machine for ever.
if (-not $changed) { exit 0 }
if ($NoRestart) { exit 3010 }
$restarts = [int](Get-Item -LiteralPath $own).GetValue('Restarts')
if ($restarts -ge 2) { throw 'What the automatic logon needs is changed back at every start: look for a policy that does so.' }
Set-Value $own 'Restarts' ($restarts + 1) 'DWord' | Out-Null
shutdown.exe /r /f /t 0
