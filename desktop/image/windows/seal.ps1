# The last thing before the snapshot: whatever would make one desktop known by another is taken out. No certificate, no
# key, no password, no identity and no state stay in an image. Run again it changes nothing. Windows PowerShell 5.1.
param([string] $Staging = 'C:\ElephantImage', [string] $User = 'lesson')
$ErrorActionPreference = 'Stop'
$data = Join-Path $env:ProgramData 'Elephant'
$winlogon = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'

# What a process that is just being ended still holds is gone a moment later.
function Clear-Folder([string] $Path) {
  for ($try = 1; Test-Path -LiteralPath $Path; $try++) {
    try {
      Get-ChildItem -LiteralPath $Path -Force | Remove-Item -Recurse -Force
      return
    }
    catch {
      if ($try -ge 10) { throw }
      Start-Sleep -Seconds 2
    }
  }
}

foreach ($task in 'ElephantHelper', 'ElephantService', 'ElephantBoot') {
  Disable-ScheduledTask -TaskName $task | Out-Null
  Stop-ScheduledTask -TaskName $task
}
# DCV makes a certificate of its own as it starts, and would again: it starts with the desktop's first boot.
Stop-Service -Name dcvserver -Force
foreach ($folder in (Join-Path $env:SystemRoot 'System32\config\systemprofile\AppData\Local\NICE\dcv'),
  (Join-Path $env:ProgramData 'NICE\dcv\log'), (Join-Path $data 'state'), (Join-Path $data 'shared'),
  (Join-Path $data 'session'), (Join-Path $data 'drop'), $Staging) {
  Clear-Folder $folder
}
Remove-Item -LiteralPath $Staging -Recurse -Force -ErrorAction SilentlyContinue
Remove-Item -LiteralPath 'HKLM:\SOFTWARE\Elephant' -Recurse -Force -ErrorAction SilentlyContinue
if (Get-LocalUser -Name $User -ErrorAction SilentlyContinue) { Remove-LocalUser -Name $User }
foreach ($name in 'AutoAdminLogon', 'ForceAutoLogon', 'DefaultUserName', 'DefaultDomainName', 'DefaultPassword', 'AutoLogonCount') {
  Remove-ItemProperty -LiteralPath $winlogon -Name $name -ErrorAction SilentlyContinue
}
Get-NetFirewallRule -DisplayName 'Elephant: no metadata*' -ErrorAction SilentlyContinue | Remove-NetFirewallRule
foreach ($task in 'ElephantBoot', 'ElephantService', 'ElephantHelper') { Enable-ScheduledTask -TaskName $task | Out-Null }
Write-Output 'elephant: nothing of this machine is left for the image'
exit 0
